"""Score files as tables, figures and report need them: one protocol, counted frames, groups, all rows alike."""

import math
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.groups import with_groups
from pvdbench.analysis.intervals import IDENTICAL, Interval
from pvdbench.core.errors import DataError
from pvdbench.scoring.protocol import PSNR, Task
from pvdbench.scoring.protocols import endpoint
from pvdbench.scoring.registry import protocols as registered
from pvdbench.scoring.score_file import read_score_file
from pvdbench.scoring.truth import read_truth

Scores = dict[str, pd.DataFrame]
"""Row name to its counted frames, indexed by (video, frame), with the Boolean columns of groups.GROUPS."""

_BESIDE = {protocol.name: [metric.name for metric in protocol.metrics] for protocol in endpoint.PROTOCOLS}
"""Metrics that stand beside the study's protocol in Table 1, by their own protocol."""


def read_scores(study: Path, task: Task, dataset: str, rows: Iterable[str], *, protocol: str, percent: float) -> Scores:
    """Read data/scores/TASK/DATASET/ROW.csv of every row, and data/truth/DATASET, by which frames are grouped.

    Raises:
        DataError: if a file is missing, lacks the protocol or a number, or holds other frames than the first row's.
    """
    scores: Scores = {}
    truth = cache(read_truth)
    for row in rows:
        path, table = score_path(study, task, dataset, row), read_row(study, task, dataset, row)
        frames = with_beside(_counted(path, table, protocol), table)
        scores[row] = indexed(with_groups(with_blurriness(frames, study, dataset, truth), percent))
        first = next(iter(scores.values()))
        if not scores[row].index.equals(first.index):
            raise DataError(f"{path} holds {len(scores[row])} counted frames, that of row '{next(iter(scores))}' "
                            f"{len(first)}, not the same ones; score both rows again")  # fmt: skip
    return scores


def read_row(study: Path, task: Task, dataset: str, row: str) -> pd.DataFrame:
    """Read one row's score file with all its protocols and frames.

    Raises:
        DataError: if it is missing, damaged or another row's.
    """
    return read_score_file(score_path(study, task, dataset, row), dataset=dataset, method=row, task=task)


def read_study_scores(study: Path) -> pd.DataFrame:
    """Read every score file of a study into one table, with the blurriness of each frame.

    Returns: SCORE_KEYS, a column per metric, blurriness_db.
    Raises:
        DataError: if there is none, or one is damaged.
    """
    folder = study / "data" / "scores"
    files = [(task, path) for task in ("motion", "deblur") for path in sorted((folder / task).glob("*/*.csv"))]
    if not files:
        raise DataError(f"{folder} holds no scores; run `dvc repro` in the study's folder")
    truth = cache(read_truth)
    tables = [
        with_blurriness(read_row(study, task, path.parent.name, path.stem), study, path.parent.name, truth)  # type: ignore[arg-type]
        for task, path in files
    ]
    return pd.concat(tables, ignore_index=True)


def with_blurriness(
    frames: pd.DataFrame, study: Path, dataset: str, read: Callable[[Path], pd.DataFrame]
) -> pd.DataFrame:
    """Add blurriness_db, the PSNR of the blurry frame, from data/truth.

    Args:
        read: read_truth, or the same with a memory where many rows are of one data set.

    Raises:
        DataError: if the table is missing, or lacks one of the frames.
    """
    folder = study / "data" / "truth" / dataset
    blurriness = read(folder)["blurriness_db"]
    joined = frames.join(blurriness, on=["video", "frame"])
    if joined["blurriness_db"].isna().any():
        video, frame = joined.loc[joined["blurriness_db"].isna(), ["video", "frame"]].iloc[0]
        raise DataError(f"{folder}: frame {frame} of {video} was scored, but is not there; run `dvc repro` again")
    return joined


def read_protocols(study: Path, dataset: str, row: str) -> dict[str, pd.DataFrame]:
    """Read one row of `deblur`, protocol by protocol, indexed by (video, frame); also frames that are not counted.

    Protocols without PSNR are left out: they are no readings of the same quantity.

    Raises:
        DataError: if the file is missing, lacks a number, or its protocols hold different frames.
    """
    path, table = score_path(study, "deblur", dataset, row), read_row(study, "deblur", dataset, row)
    with_psnr = table[table["protocol"].isin([name for name, known in registered().items() if PSNR in known.metrics])]
    protocols = {str(name): indexed(frames) for name, frames in with_psnr.groupby("protocol", sort=False)}
    for name, frames in protocols.items():
        first = next(iter(protocols))
        if not frames.index.equals(protocols[first].index):
            raise DataError(f"{path} holds {len(protocols[first])} frames under '{first}' and {len(frames)} others "
                            f"under '{name}'; score the row again")  # fmt: skip
    return protocols


def score_path(study: Path, task: Task, dataset: str, row: str) -> Path:
    """Locate a row's score file."""
    return study / "data" / "scores" / task / dataset / f"{row}.csv"


def means_line(path: Path, task: Task, protocol: str) -> str:
    """Summarise one score file under one protocol, in a line.

    Raises:
        DataError: if the file is missing, damaged or lacks the protocol.
    """
    frames = _counted(path, read_score_file(path, task=task), protocol)
    finite = frames["psnr_db"][frames["psnr_db"] < math.inf]
    psnr = f"{finite.mean():.2f} dB" if len(finite) else IDENTICAL
    return f"{protocol}: {psnr}, SSIM {frames['ssim'].mean():.4f} over {len(frames)} frames"


def psnr_of_rows(scores: Scores, rows: Iterable[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put rows beside each other.

    Returns: any row's frames, for video and groups, which are the same for all; and PSNR (dB), a column for each row.
    """
    frames = next(iter(scores.values()))
    return frames, pd.DataFrame({row: scores[row]["psnr_db"].to_numpy() for row in rows}, index=frames.index)


def counted(scores: Scores) -> int:
    """How many frames the protocol counts; the same for every row."""
    return len(next(iter(scores.values()), ()))


def group_mean(frames: pd.DataFrame, group: str, quantity: str) -> Interval:
    """The mean of a column over a group of one row's frames."""
    chosen = frames[group]
    return intervals.mean(frames[quantity][chosen], frames["video"][chosen])


def paired_difference(first: pd.DataFrame, second: pd.DataFrame, group: str) -> Interval:
    """What one row gains over another in PSNR (dB), frame by frame over a group of frames."""
    chosen = first[group]
    return intervals.difference(first["psnr_db"][chosen], second["psnr_db"][chosen], first["video"][chosen])


def psnr_text(frames: pd.DataFrame, video: str, frame: str) -> str:
    """One frame's PSNR, for a picture; in words where the protocol leaves the frame out or it equals the truth."""
    if (video, frame) not in frames.index:
        return "not counted"
    psnr = frames["psnr_db"][(video, frame)]
    return IDENTICAL if math.isinf(psnr) else f"{psnr:.2f} dB"


def with_beside(frames: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Frames with the metrics of other protocols that stand beside theirs; those columns are there, at least as NaN."""
    for protocol, names in _BESIDE.items():
        there = table[table["protocol"] == protocol].reindex(columns=["video", "frame", *names])
        frames = frames.drop(columns=names, errors="ignore").merge(there, "left", ["video", "frame"])
    return frames


def _counted(path: Path, table: pd.DataFrame, protocol: str) -> pd.DataFrame:
    frames = table[(table["protocol"] == protocol) & table["counted"]]
    if frames.empty:
        there = ", ".join(sorted(set(table["protocol"]))) or "none"
        raise DataError(f"{path} has no counted frame of the protocol '{protocol}', its protocols are {there}; name "
                        "one of these in params.yaml, tables.protocol, or score again")  # fmt: skip
    return frames


def indexed(frames: pd.DataFrame) -> pd.DataFrame:
    """Sort by video and frame, and index by both."""
    ordered = frames.sort_values(["video", "frame"])
    return ordered.set_index(["video", "frame"], drop=False).rename_axis([None, None])
