"""Score files as the page needs them: every row's scores frame by frame, protocol by protocol."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pvdbench.analysis.bootstrap import Bootstrap
from pvdbench.analysis.scores import Task, score_path
from pvdbench.analysis.statistics import ProtocolStatistics
from pvdbench.io.tables import DEBLUR_SCORES, FLOW_SCORES, read_table

SCORE_COLUMNS: Mapping[Task, tuple[str, ...]] = {"deblur": DEBLUR_SCORES, "motion": FLOW_SCORES}
ENDPOINT = "endpoint"
"""The protocol of the endpoint errors, which depend on no other."""

_PROTOCOL_METRICS, _ENDPOINT_METRICS = ("psnr_db", "ssim"), ("epe_px", "epe_visible_px")


@dataclass(frozen=True)
class ProtocolScores:
    """Every frame's scores under one protocol.

    Attributes:
        counted: whether the protocol's averages count a frame, by (video, frame).
        metrics: metric to a table of a column per row, with the index of counted; NaN where a row has no score.
    """

    counted: pd.Series
    metrics: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class TaskNumbers:
    """The scores of one data set and task.

    Attributes:
        frames: (video, frame) of every scored frame, sorted.
        rows: those that have scores.
        blurriness: PSNR of each blurry frame (dB), by (video, frame).
        protocols: in the order of the score files.
    """

    dataset: str
    task: Task
    frames: tuple[tuple[str, str], ...]
    rows: tuple[str, ...]
    blurriness: pd.Series
    protocols: Mapping[str, ProtocolScores]

    def statistics(self, protocol: str, percents: Sequence[float], bootstrap: Bootstrap) -> ProtocolStatistics:
        """What the page can show of a protocol."""
        scores = self.protocols[protocol]
        counted = scores.counted.to_numpy(bool)
        frames = pd.DataFrame(list(self.frames), columns=["video", "frame"])
        frames["blurriness_db"] = self.blurriness.to_numpy()
        return ProtocolStatistics(
            frames[counted].reset_index(drop=True),
            {metric: values[counted].reset_index(drop=True) for metric, values in scores.metrics.items()},
            percents,
            bootstrap,
        )


def read_numbers(study: Path, task: Task, dataset: str, rows: Iterable[str]) -> TaskNumbers:
    """Read the score file of every row that has one; that of a row whose method failed is empty, and left out.

    Raises:
        DataError: if a file is damaged.
    """
    paths = {row: score_path(study, task, dataset, row) for row in rows}
    read = {row: read_table(path, SCORE_COLUMNS[task]) for row, path in paths.items() if path.is_file()}
    tables = {row: table for row, table in read.items() if len(table)}
    frames = sorted({pair for table in tables.values() for pair in zip(table["video"], table["frame"], strict=True)})
    index = pd.MultiIndex.from_tuples(frames, names=["video", "frame"]) if frames else pd.MultiIndex([[], []], [[], []])
    protocols = dict(_protocols(tables, index))
    blurriness = pd.Series(np.nan, index=index)
    for table in tables.values():
        blurriness = blurriness.fillna(table.groupby(["video", "frame"])["blurriness_db"].first())
    return TaskNumbers(dataset, task, tuple(frames), tuple(tables), blurriness, protocols)


def _protocols(tables: Mapping[str, pd.DataFrame], index: pd.MultiIndex) -> Iterator[tuple[str, ProtocolScores]]:
    """Each protocol of the first row's file, then that of endpoint errors where any are known."""
    if not tables:
        return
    first = next(iter(tables.values()))
    for name in first["protocol"].unique():
        parts = {row: _by_frame(table[table["protocol"] == name]) for row, table in tables.items()}
        counted = next(iter(parts.values()))["counted"].reindex(index).fillna(False).astype(bool)
        yield str(name), ProtocolScores(counted, _known(parts, _PROTOCOL_METRICS, index))
    parts = {row: _by_frame(table[table["protocol"] == table["protocol"].iloc[0]]) for row, table in tables.items()}
    metrics = _known(parts, _ENDPOINT_METRICS, index)
    if metrics:
        known = pd.concat([values.notna().any(axis=1) for values in metrics.values()], axis=1).any(axis=1)
        yield ENDPOINT, ProtocolScores(known, metrics)


def _by_frame(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(["video", "frame"])


def _known(parts: Mapping[str, pd.DataFrame], names: Iterable[str], index: pd.MultiIndex) -> dict[str, pd.DataFrame]:
    """The metrics that any row has a value of."""
    there = [name for name in names if name in next(iter(parts.values()))]
    tables = {
        name: pd.DataFrame({row: part[name].reindex(index) for row, part in parts.items()}, index=index)
        for name in there
    }
    return {name: table for name, table in tables.items() if table.notna().any(axis=None)}
