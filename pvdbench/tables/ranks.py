"""Which order the intervals allow: ranks of all rows of a task, and their differences two by two."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Literal

import pandas as pd

from pvdbench.core.records import write_table
from pvdbench.tables.context import Context
from pvdbench.tables.intervals import Bootstrap, Interval
from pvdbench.tables.scores import Scores, counted, group_mean, paired_difference
from pvdbench.tables.table import Column, Row, Table, psnr_column

RankGroup = Literal["all", "blurriest"]
RANK_GROUPS: tuple[RankGroup, ...] = ("all", "blurriest")
Differences = Mapping[tuple[RankGroup, str, str], Interval]
"""What the first row gains over the second, for every two rows both ways round."""

_WHAT = {"deblur": "deblurring", "motion": "motion estimation"}


@dataclass(frozen=True)
class Pair:
    """A line of DATASET-pairs-TASK.csv: how much the row with the higher mean gains, frame by frame; dB."""

    group: RankGroup
    better: str
    worse: str
    difference_db: float
    low_db: float
    high_db: float
    videos: int
    frames: int
    identical_left_out: int


@dataclass(frozen=True)
class Ranking:
    """The rows of one task over one data set.

    Attributes:
        task: "deblur" or "motion".
        labels: row name to label.
    """

    context: Context
    task: str
    labels: Mapping[str, str]
    scores: Scores
    bootstrap: Bootstrap

    def tables(self) -> tuple[Table, ...]:
        """Ranks, then a matrix of differences for each of RANK_GROUPS."""
        return self._ranks(), *(self._matrix(group) for group in RANK_GROUPS)

    def pairs(self) -> tuple[Pair, ...]:
        """Every two rows once, in each of RANK_GROUPS."""
        return tuple(
            _pair(group, first, second, self._differences[group, first, second])
            for group in RANK_GROUPS
            for first, second in combinations(self.labels, 2)
        )

    @cached_property
    def _differences(self) -> Differences:
        once = {
            (group, first, second): paired_difference(self.scores[first], self.scores[second], group, self.bootstrap)
            for group in RANK_GROUPS
            for first, second in combinations(self.labels, 2)
        }
        return once | {(group, second, first): -interval for (group, first, second), interval in once.items()}

    def _ranks(self) -> Table:
        means = {
            (row, group): group_mean(self.scores[row], group, "psnr_db", self.bootstrap)
            for row in self.labels
            for group in RANK_GROUPS
        }
        ordered = sorted(self.labels, key=lambda row: means[row, "all"].mean, reverse=True)

        def values(row: str, group: RankGroup) -> tuple[Interval, float, str]:
            first, last = places(row, group, list(self.labels), self._differences)
            return means[row, group], float(first), f"{first}" if first == last else f"{first} to {last}"

        rows = (Row(row, self.labels[row], (*values(row, "all"), *values(row, "blurriest"))) for row in ordered)
        caption = (
            f"{self.context.scored(counted(self.scores))}. A row's rank is 1 plus the number of rows that are better "
            "by a paired difference whose 95 % interval lies above 0; its places end where the rows begin that it is "
            f"better than. Rows whose places overlap may be tied. {self.context.ranked}"
        )
        return self._table(
            f"ranks-{self.task}", f"Ranks: {_WHAT[self.task]}", caption, _rank_columns(self.context), rows
        )

    def _matrix(self, group: RankGroup) -> Table:
        heading = self.context.group_heading(group)
        columns = tuple(_difference_column(row, label) for row, label in self.labels.items())
        rows = (
            Row(row, label, tuple(self._differences.get((group, row, other), math.nan) for other in self.labels))
            for row, label in self.labels.items()
        )
        caption = (
            f"{self.context.scored(counted(self.scores))}. PSNR (dB) of the row minus that of the column, frame by "
            f"frame; frames where either is identical to the truth are left out. {self.context.ranked}"
        )
        title = f"Paired differences, {_WHAT[self.task]}: {heading.lower()}"
        return self._table(f"differences-{self.task}-{group}", title, caption, columns, rows)

    def _table(self, name: str, title: str, caption: str, columns: tuple[Column, ...], rows: Iterable[Row]) -> Table:
        return Table(name, title, caption, self.context.dataset, self.context.protocol, columns, tuple(rows))


def places(row: str, group: RankGroup, rows: Sequence[str], differences: Differences) -> tuple[int, int]:
    """The first and last place that the intervals leave to a row."""
    others = [differences[group, row, other] for other in rows if other != row]
    better = sum(interval.high < 0 for interval in others)
    worse = sum(interval.low > 0 for interval in others)
    return 1 + better, len(rows) - worse


def write_pairs(folder: Path, ranking: Ranking) -> None:
    """Write DATASET-pairs-TASK.csv: a line a pair, columns as the fields of Pair."""
    columns = tuple(field.name for field in fields(Pair))
    path = folder / f"{ranking.context.dataset}-pairs-{ranking.task}.csv"
    write_table(path, pd.DataFrame(ranking.pairs(), columns=list(columns)), columns)


def _pair(group: RankGroup, first: str, second: str, interval: Interval) -> Pair:
    if interval.mean < 0:
        first, second, interval = second, first, -interval
    return Pair(
        group=group,
        better=first,
        worse=second,
        difference_db=interval.mean,
        low_db=interval.low,
        high_db=interval.high,
        videos=interval.videos,
        frames=interval.count,
        identical_left_out=interval.identical,
    )


def _rank_columns(context: Context) -> tuple[Column, ...]:
    return tuple(
        column
        for group in RANK_GROUPS
        for column in (
            psnr_column(f"psnr_db_{group}", context.source, context.group_heading(group)),
            Column(f"rank_{group}", context.source, context.group_heading(group), "Rank", 0),
            Column(f"places_{group}", context.source, context.group_heading(group), "Places", 0),
        )
    )


def _difference_column(row: str, label: str) -> Column:
    return Column(
        f"minus_{row}_db",
        "PSNR (dB) minus",
        "",
        label,
        2,
        interval=True,
        identical=True,
        signed=True,
    )
