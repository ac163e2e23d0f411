"""Scoring the frames of a data set's test clips: the loop that deblurring and warping share."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pvdbench.core.errors import DataError
from pvdbench.core.images import Frame, read_frame
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.protocols.catalogue import named_protocols
from pvdbench.protocols.plain import plain_psnr

Row = dict[str, Any]


def score_clips(
    dataset_folder: Path, estimates: Path, *, dataset: str, method: str, protocols: Sequence[str], first: int
) -> Iterator[tuple[Row, FrameFiles, Path]]:
    """A row a frame and protocol, in the order of videos, frames and protocols; each file is decoded once.

    Args:
        dataset_folder: the data set.
        estimates: holds VIDEO/FRAME.png.
        dataset, method: named in the rows.
        protocols: names.
        first: the first frame of each clip that has an estimate.

    Yields: the row (DEBLUR_SCORES), the frame's files and its estimate.
    Raises:
        DataError: if a frame is missing, damaged or of another size; nothing is left out in silence.
        ParamsError: if there is no protocol of a name.
    """
    chosen = named_protocols(protocols)
    for clip in read_clips(dataset_folder, "test"):
        for t in range(first, len(clip.frames)):
            frame = clip.frames[t]
            path = estimates / clip.video / f"{frame.name}.png"
            truth = read_frame(frame.sharp)
            estimate = _read_estimate(path, truth, frame.sharp)
            # The paper ranks frames by "PSNRs between blurry frames and their sharp ground truth" and does not say
            # which PSNR: plain RGB over the whole frame here.
            blurriness = plain_psnr(read_frame(frame.blurry), truth)
            for protocol in chosen:
                score = protocol.score(estimate, truth)
                yield (
                    _key(dataset, method, clip, frame)
                    | {"protocol": protocol.name, **vars(score)}
                    | {"blurriness_db": blurriness, "counted": t >= protocol.skip_first},
                    frame,
                    path,
                )


def _key(dataset: str, method: str, clip: ClipFiles, frame: FrameFiles) -> Row:
    return {"dataset": dataset, "method": method, "video": clip.video, "frame": frame.name}


def _read_estimate(path: Path, truth: Frame, truth_path: Path) -> Frame:
    estimate = read_frame(path)
    if estimate.shape != truth.shape:
        raise DataError(f"{path}: expected {truth.shape[1]}x{truth.shape[0]} as {truth_path}, got "
                        f"{estimate.shape[1]}x{estimate.shape[0]}; make it again")  # fmt: skip
    return estimate
