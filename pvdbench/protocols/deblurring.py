"""Scores of deblurred frames (Tables 2 to 5)."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from pvdbench.core.failure import read_failure
from pvdbench.core.records import DEBLUR_SCORES, TEMPORAL_SCORES, write_table
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.protocols.clips import Row, score_clips
from pvdbench.protocols.parallel import Jobs, in_order
from pvdbench.protocols.temporal import steadiness


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
