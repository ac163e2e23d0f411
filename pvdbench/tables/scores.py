"""Score files as the tables need them: one protocol, counted frames, groups, all rows over the same frames."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.core.records import DEBLUR_SCORES, FLOW_SCORES, read_table
from pvdbench.tables.splits import with_groups

Task = Literal["deblur", "flow"]
Scores = dict[str, pd.DataFrame]
"""Row name to its counted frames, indexed by (video, frame), with the Boolean columns of splits.GROUPS."""


def read_scores(study: Path, task: Task, dataset: str, rows: Iterable[str], *, protocol: str, percent: float) -> Scores:
    """Read data/scores/TASK/DATASET/ROW.csv of every row.

    Raises:
        DataError: if a file is missing, lacks the protocol or holds other frames than the first row's.
    """
    scores: Scores = {}
    for row in rows:
        path = study / "data" / "scores" / task / dataset / f"{row}.csv"
        scores[row] = _read(path, FLOW_SCORES if task == "flow" else DEBLUR_SCORES, protocol, percent)
        first = next(iter(scores.values()))
        if not scores[row].index.equals(first.index):
            raise DataError(
                f"{path}: expected the {len(first)} counted frames of row '{next(iter(scores))}', got "
                f"{len(scores[row])}, not the same; score both rows again"
            )
    return scores


def counted(scores: Scores) -> int:
    """How many frames the protocol counts; the same for every row."""
    return len(next(iter(scores.values())))


def psnr_text(frames: pd.DataFrame, video: str, frame: str) -> str:
    """One frame's PSNR, for a picture; in words where the protocol leaves the frame out."""
    if (video, frame) not in frames.index:
        return "not counted"
    return f"{frames['psnr_db'][(video, frame)]:.2f} dB"


def _read(path: Path, columns: tuple[str, ...], protocol: str, percent: float) -> pd.DataFrame:
    table = read_table(path, columns)
    frames = table[(table["protocol"] == protocol) & table["counted"]]
    if frames.empty:
        there = ", ".join(sorted(set(table["protocol"]))) or "none"
        raise DataError(
            f"{path}: expected counted frames of the protocol '{protocol}', got protocols {there}; "
            "name one of these in params.yaml, tables.protocol, or score again"
        )
    grouped = with_groups(frames.sort_values(["video", "frame"]), percent)
    return grouped.set_index(["video", "frame"], drop=False).rename_axis([None, None])
