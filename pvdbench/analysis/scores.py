"""Score files as the tables need them: one protocol, counted frames, groups, all rows over the same frames."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd

from pvdbench.analysis.bootstrap import IDENTICAL, Bootstrap, Interval
from pvdbench.analysis.groups import with_groups
from pvdbench.core.errors import DataError
from pvdbench.io.tables import DEBLUR_SCORES, FLOW_SCORES, read_table

Task = Literal["deblur", "motion"]
Scores = dict[str, pd.DataFrame]
"""Row name to its counted frames, indexed by (video, frame), with the Boolean columns of splits.GROUPS."""


def read_scores(study: Path, task: Task, dataset: str, rows: Iterable[str], *, protocol: str, percent: float) -> Scores:
    """Read data/scores/TASK/DATASET/ROW.csv of every row.

    Raises:
        DataError: if a file is missing, lacks the protocol or a number, or holds other frames than the first row's.
    """
    scores: Scores = {}
    for row in rows:
        path = score_path(study, task, dataset, row)
        scores[row] = _indexed(with_groups(_counted(path, _read(path, task), protocol), percent))
        first = next(iter(scores.values()))
        if not scores[row].index.equals(first.index):
            raise DataError(
                f"{path}: expected the {len(first)} counted frames of row '{next(iter(scores))}', got "
                f"{len(scores[row])}, not the same; score both rows again"
            )
    return scores


def read_protocols(study: Path, dataset: str, row: str) -> dict[str, pd.DataFrame]:
    """All frames of one row of `deblur`, protocol by protocol, indexed by (video, frame); also those not counted.

    Raises:
        DataError: if the file is missing, lacks a number, or its protocols hold different frames.
    """
    path = score_path(study, "deblur", dataset, row)
    protocols = {str(name): _indexed(frames) for name, frames in _read(path, "deblur").groupby("protocol")}
    for name, frames in protocols.items():
        first = next(iter(protocols))
        if not frames.index.equals(protocols[first].index):
            raise DataError(
                f"{path}: expected the {len(protocols[first])} frames of the protocol '{first}' under '{name}', got "
                f"{len(frames)}, not the same; score the row again"
            )
    return protocols


def score_path(study: Path, task: Task, dataset: str, row: str) -> Path:
    """Where a row's scores are."""
    return study / "data" / "scores" / task / dataset / f"{row}.csv"


def means_line(path: Path, task: Task, protocol: str) -> str:
    """One score file under one protocol, in a line.

    Raises:
        DataError: if the file is missing, damaged or lacks the protocol.
    """
    frames = _counted(path, _read(path, task), protocol)
    finite = frames["psnr_db"][frames["psnr_db"] < math.inf]
    psnr = f"{finite.mean():.2f} dB" if len(finite) else IDENTICAL
    return f"{protocol}: {psnr}, SSIM {frames['ssim'].mean():.4f} over {len(frames)} frames"


def counted(scores: Scores) -> int:
    """How many frames the protocol counts; the same for every row."""
    return len(next(iter(scores.values()), ()))


def group_mean(frames: pd.DataFrame, group: str, quantity: str, bootstrap: Bootstrap) -> Interval:
    """The mean of a column over a group of one row's frames."""
    chosen = frames[group]
    return bootstrap.mean(frames[quantity][chosen], frames["video"][chosen])


def paired_difference(first: pd.DataFrame, second: pd.DataFrame, group: str, bootstrap: Bootstrap) -> Interval:
    """What one row gains over another in PSNR (dB), frame by frame over a group of frames."""
    chosen = first[group]
    return bootstrap.difference(first["psnr_db"][chosen], second["psnr_db"][chosen], first["video"][chosen])


def psnr_text(frames: pd.DataFrame, video: str, frame: str) -> str:
    """One frame's PSNR, for a picture; in words where the protocol leaves the frame out or it equals the truth."""
    if (video, frame) not in frames.index:
        return "not counted"
    psnr = frames["psnr_db"][(video, frame)]
    return IDENTICAL if math.isinf(psnr) else f"{psnr:.2f} dB"


def _read(path: Path, task: Task) -> pd.DataFrame:
    table = read_table(path, FLOW_SCORES if task == "motion" else DEBLUR_SCORES)
    if table["psnr_db"].isna().any():
        broken = table[table["psnr_db"].isna()].iloc[0]
        raise DataError(
            f"{path}: expected a PSNR for every frame, got none for {broken['video']}, frame {broken['frame']}, "
            f"protocol {broken['protocol']}; score the row again"
        )
    return table


def _counted(path: Path, table: pd.DataFrame, protocol: str) -> pd.DataFrame:
    frames = table[(table["protocol"] == protocol) & table["counted"]]
    if frames.empty:
        there = ", ".join(sorted(set(table["protocol"]))) or "none"
        raise DataError(
            f"{path}: expected counted frames of the protocol '{protocol}', got protocols {there}; "
            "name one of these in params.yaml, tables.protocol, or score again"
        )
    return frames


def _indexed(frames: pd.DataFrame) -> pd.DataFrame:
    ordered = frames.sort_values(["video", "frame"])
    return ordered.set_index(["video", "frame"], drop=False).rename_axis([None, None])
