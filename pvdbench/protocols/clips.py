"""Scoring the frames of a data set's test clips: the loop that deblurring and warping share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvdbench.core.images import read_frame
from pvdbench.datasets.manifest import FrameFiles, read_clips
from pvdbench.protocols.catalogue import PROTOCOLS, Protocol, named_protocols, score_pair
from pvdbench.protocols.frames import read_estimate
from pvdbench.protocols.pair import Pair
from pvdbench.protocols.parallel import Jobs, in_order

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
