"""Scores of a data set's test clips: warped frames (Table 1), deblurred frames (Tables 2 to 5)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.io.failure import read_failure
from pvdbench.io.flow import Flow, read_flow
from pvdbench.io.images import read_frame, read_mask
from pvdbench.io.tables import DEBLUR_SCORES, FLOW_SCORES, TEMPORAL_SCORES, write_table
from pvdbench.scoring.executor import Jobs, in_order
from pvdbench.scoring.frame_pair import Pair, read_estimate
from pvdbench.scoring.metrics.flow import distances
from pvdbench.scoring.metrics.ssim import Values
from pvdbench.scoring.protocols.temporal import steadiness
from pvdbench.scoring.registry import PROTOCOLS, Protocol, named_protocols, score_pair

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One frame to score: its number in the clip, from 1, its files and its estimate."""

    video: str
    number: int
    files: FrameFiles
    estimate: Path
    protocols: tuple[Protocol, ...]
    ranking: Protocol


def score_clips(
    dataset_folder: Path, estimates: Path, *, dataset: str, method: str, protocols: Sequence[str], ranking: str,
    first: int, jobs: Jobs,
) -> Iterator[tuple[list[Row], Job]]:  # fmt: skip
    """The rows of a frame, one a protocol, in the order of videos, frames and protocols; each file is decoded once.

    Args:
        dataset_folder: the data set.
        estimates: holds VIDEO/FRAME.png.
        dataset, method: named in the rows.
        protocols: names.
        ranking: the protocol whose PSNR of the blurry frame is its blurriness.
        first: the first frame of each clip that has an estimate, from 0.
        jobs: processes; the rows are the same for any number.

    Yields: the rows (DEBLUR_SCORES) and the frame.
    Raises:
        DataError: if a frame is missing, damaged or of another size; nothing is left out in silence.
        ParamsError: if there is no protocol of a name.
    """
    chosen, ranked = tuple(named_protocols(protocols)), named_protocols([ranking])[0]
    every = [
        Job(clip.video, t + 1, clip.frames[t], estimates / clip.video / f"{clip.frames[t].name}.png", chosen, ranked)
        for clip in read_clips(dataset_folder, "test")
        for t in range(first, len(clip.frames))
    ]
    for job, rows in zip(every, in_order(score_frame, every, jobs=jobs), strict=True):
        yield [{"dataset": dataset, "method": method, **row} for row in rows], job


def score_frame(job: Job) -> list[Row]:
    """The rows of one frame.

    Raises:
        DataError: as score_clips.
    """
    truth = read_frame(job.files.sharp)
    pair = Pair(read_estimate(job.estimate, truth, job.files.sharp), truth)
    blurriness = job.ranking.score(Pair(read_frame(job.files.blurry), truth)).psnr_db
    return [
        {"video": job.video, "frame": job.files.name, "protocol": name, **vars(score)}
        | {"blurriness_db": blurriness, "counted": PROTOCOLS[name].counts(job.number)}
        for name, score in score_pair(pair, job.protocols).items()
    ]


def score_deblurring(
    dataset_folder: Path, frames: Path, out: Path, *, dataset: str, method: str, protocols: Sequence[str],
    ranking: str = "plain-rgb", jobs: Jobs = 1,
) -> None:  # fmt: skip
    """Score frames/VIDEO/FRAME.png against the sharp test frames and write out (DEBLUR_SCORES).

    A row whose method failed has no frames, and a table without rows.

    Raises:
        DataError: if a frame is missing, damaged or of another size.
        ParamsError: if there is no protocol of a name.
    """
    scored = () if read_failure(frames) else score_clips(
        dataset_folder, frames, dataset=dataset, method=method, protocols=protocols, ranking=ranking, first=0, jobs=jobs
    )  # fmt: skip
    rows = [row for of_frame, _ in scored for row in of_frame]
    write_table(out, pd.DataFrame(rows, columns=list(DEBLUR_SCORES)), DEBLUR_SCORES)


def score_steadiness(
    dataset_folder: Path, frames: Path, out: Path, *, dataset: str, method: str, jobs: Jobs = 1
) -> None:
    """Score frames/VIDEO/FRAME.png against the frames before them and write out (TEMPORAL_SCORES).

    Raises:
        DataError: if a frame is missing, damaged or of another size.
    """
    test = [] if read_failure(frames) else read_clips(dataset_folder, "test")
    clips = [(clip, frames / clip.video) for clip in test]
    rows = [row for of_clip in in_order(_steadiness_rows, clips, jobs=jobs) for row in of_clip]
    table = pd.DataFrame([{"dataset": dataset, "method": method, **row} for row in rows], columns=list(TEMPORAL_SCORES))
    write_table(out, table, TEMPORAL_SCORES)


def _steadiness_rows(job: tuple[ClipFiles, Path]) -> list[Row]:
    clip, estimates = job
    return [{"video": clip.video, "frame": files.name, **asdict(s)} for files, s in steadiness(clip, estimates)]


ERRORS = ("epe_px", "epe_visible_px")


def score_warping(
    dataset_folder: Path, flow: Path, out: Path, *, dataset: str, method: str, protocols: Sequence[str],
    ranking: str = "plain-rgb", jobs: Jobs = 1,
) -> None:  # fmt: skip
    """Score flow/VIDEO/FRAME.png against the sharp test frames and FRAME.flo against the true flow (FLOW_SCORES).

    FRAME.png is the sharp frame before, warped; a clip's first frame has none. A row whose method failed has no
    flow, and a table without rows.

    Raises:
        DataError: if a file is missing, damaged or of another size.
        ParamsError: if there is no protocol of a name.
    """
    scored = () if read_failure(flow) else score_clips(
        dataset_folder, flow, dataset=dataset, method=method, protocols=protocols, ranking=ranking, first=1, jobs=jobs
    )  # fmt: skip
    rows = []
    for of_frame, job in scored:
        errors = dict(zip(ERRORS, _endpoint_errors(job.estimate.with_suffix(".flo"), job.files), strict=True))
        rows += [row | errors for row in of_frame]
    write_table(out, pd.DataFrame(rows, columns=list(FLOW_SCORES)), FLOW_SCORES)


def _endpoint_errors(path: Path, frame: FrameFiles) -> tuple[float, float]:
    """Mean distance to the true flow in pixels, over all pixels and over those seen in both frames."""
    if frame.flow is None or frame.occlusion is None:
        return float("nan"), float("nan")
    distance = endpoint_error(read_flow(path), read_flow(frame.flow), path)
    visible = ~read_mask(frame.occlusion)
    return float(distance.mean()), float(distance[visible].mean()) if visible.any() else float("nan")


def endpoint_error(estimate: Flow, truth: Flow, path: Path) -> Values:
    """(H, W) distances in pixels.

    Raises:
        DataError: naming path, if the sizes differ.
    """
    if estimate.shape != truth.shape:
        expected, got = (f"{flow.shape[1]}x{flow.shape[0]}" for flow in (truth, estimate))
        raise DataError(f"{path}: expected {expected}, got {got}; make it again")
    return distances(estimate, truth)
