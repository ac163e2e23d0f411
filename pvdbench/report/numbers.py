"""Score files as the page needs them: every row's scores frame by frame, protocol by protocol."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pvdbench.analysis.scores import read_row, score_path
from pvdbench.analysis.statistics import ProtocolStatistics
from pvdbench.scoring.protocol import Metric, Protocol, Task
from pvdbench.scoring.protocols import endpoint
from pvdbench.scoring.registry import metrics, protocols
from pvdbench.scoring.truth import read_truth

ENDPOINT = endpoint.PROTOCOLS[0].name
"""The protocol of the errors of flow, which have a plot of their own."""


@dataclass(frozen=True)
class ProtocolScores:
    """Every frame's scores under one protocol.

    Attributes:
        counted: whether the protocol's averages count a frame, by (video, frame).
        metrics: name of a metric to a table of a column per row, with the index of counted; NaN where a row has no
            score.
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

    def statistics(self, protocol: str, percents: Sequence[float]) -> ProtocolStatistics:
        """What the page can show of a protocol."""
        scores = self.protocols[protocol]
        counted = scores.counted.to_numpy(bool)
        frames = pd.DataFrame(list(self.frames), columns=["video", "frame"])
        frames["blurriness_db"] = self.blurriness.to_numpy()
        known = shown_metrics()
        return ProtocolStatistics(
            frames[counted].reset_index(drop=True),
            {metric: values[counted].reset_index(drop=True) for metric, values in scores.metrics.items()},
            percents,
            optional=frozenset(metric for metric in scores.metrics if known[metric].optional),
        )


def shown_metrics() -> dict[str, Metric]:
    """Every metric that the page shows, by name: those of which some numbers are better than others."""
    return {name: metric for name, metric in metrics().items() if metric.better != "neither"}


def read_numbers(study: Path, task: Task, dataset: str, rows: Iterable[str]) -> TaskNumbers:
    """Read the score file of every row that has one, and the blurriness of the frames.

    Raises:
        DataError: if a file is damaged, or the table of blurriness is missing.
    """
    scores = read_task_scores(study, task, dataset, rows)
    if not scores:
        return TaskNumbers(dataset, task, (), (), pd.Series(dtype=float), {})
    first = next(iter(scores.values()))
    index = first.counted.index
    blurriness = read_truth(study / "data" / "truth" / dataset)["blurriness_db"].reindex(index)
    names = tuple(str(row) for row in next(iter(first.metrics.values())).columns)
    return TaskNumbers(dataset, task, tuple(index), names, blurriness, scores)


def read_task_scores(study: Path, task: Task, dataset: str, rows: Iterable[str]) -> dict[str, ProtocolScores]:
    """Read the score file of every row that has one; that of a row whose method failed is empty, and left out.

    Returns: the protocols of the first row's file that have a metric to show, all with the same frames, sorted.
    Raises:
        DataError: if a file is damaged.
    """
    read = {row: read_row(study, task, dataset, row) for row in rows if score_path(study, task, dataset, row).is_file()}
    tables = {row: table for row, table in read.items() if len(table)}
    if not tables:
        return {}
    frames = sorted({pair for table in tables.values() for pair in zip(table["video"], table["frame"], strict=True)})
    index = pd.MultiIndex.from_tuples(frames, names=["video", "frame"])
    names = next(iter(tables.values()))["protocol"].unique()
    found = {str(name): _protocol_scores(protocols()[name], tables, index) for name in names}
    return {name: scores for name, scores in found.items() if scores.metrics}


def _protocol_scores(protocol: Protocol, tables: Mapping[str, pd.DataFrame], index: pd.MultiIndex) -> ProtocolScores:
    """One protocol's scores of every row: its metrics that the page shows and that any row has a value of."""
    parts = {
        row: table[table["protocol"] == protocol.name].set_index(["video", "frame"]).reindex(index)
        for row, table in tables.items()
    }
    counted = next(iter(parts.values()))["counted"].fillna(False).astype(bool)
    names = [metric.name for metric in protocol.metrics if metric.name in shown_metrics()]
    found = {
        name: pd.DataFrame({row: part.get(name, np.nan) for row, part in parts.items()}, index=index) for name in names
    }
    return ProtocolScores(counted, {name: table for name, table in found.items() if table.notna().any(axis=None)})
