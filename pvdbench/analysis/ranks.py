"""Which order the clips allow: the paired differences of all rows of a task, and the places that they leave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Literal

import pandas as pd

from pvdbench.analysis.intervals import Interval, corrected, differences
from pvdbench.analysis.scores import Scores, group_mean
from pvdbench.io.tables import write_table

RankGroup = Literal["all", "blurriest"]
RANK_GROUPS: tuple[RankGroup, ...] = ("all", "blurriest")
Differences = Mapping[tuple[RankGroup, str, str], Interval]
"""What the first row gains over the second, for every two rows both ways round."""


@dataclass(frozen=True)
class Pair:
    """A line of DATASET-pairs-TASK.csv: how much the row with the higher mean gains, frame by frame; dB."""

    group: RankGroup
    better: str
    worse: str
    difference_db: float
    low_db: float
    high_db: float
    p_holm: float
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

    task: str
    labels: Mapping[str, str]
    scores: Scores

    def pairs(self) -> tuple[Pair, ...]:
        """Every two rows once, in each of RANK_GROUPS."""
        return tuple(
            _pair(group, first, second, self.differences[group, first, second])
            for group in RANK_GROUPS
            for first, second in combinations(self.labels, 2)
        )

    @cached_property
    def differences(self) -> Differences:
        """PSNR (dB) of each row minus that of each other one, frame by frame; p for all pairs of a group by Holm."""
        once: dict[tuple[RankGroup, str, str], Interval] = {}
        for group in RANK_GROUPS:
            pairs, gaps = list(combinations(self.labels, 2)), list(self._gaps(group))
            once |= {(group, *pair): gap for pair, gap in zip(pairs, corrected(gaps), strict=True)}
        return once | {(group, second, first): -interval for (group, first, second), interval in once.items()}

    def _gaps(self, group: RankGroup) -> Iterator[Interval]:
        """Differences of every two rows in the order of `combinations`; all rows hold the same frames and groups."""
        frames = next(iter(self.scores.values()))
        chosen = frames[group]
        psnr = pd.DataFrame({row: self.scores[row]["psnr_db"][chosen] for row in self.labels})
        for number, first in enumerate(self.labels):
            yield from differences(psnr[first], psnr.iloc[:, number + 1 :], frames["video"][chosen])

    @cached_property
    def means(self) -> Mapping[tuple[str, RankGroup], Interval]:
        """PSNR (dB) of each row over each of RANK_GROUPS."""
        return {
            (row, group): group_mean(self.scores[row], group, "psnr_db")
            for row in self.labels
            for group in RANK_GROUPS
        }

    def places(self, row: str, group: RankGroup) -> tuple[int, int]:
        """The first and last place that the pairs leave to a row."""
        return places(row, group, list(self.labels), self.differences)


def places(row: str, group: RankGroup, rows: Sequence[str], differences: Differences) -> tuple[int, int]:
    """The first and last place that the pairs leave to a row, by their p-values with Holm's correction."""
    others = [differences[group, row, other] for other in rows if other != row]
    better = sum(interval.sign < 0 for interval in others)
    worse = sum(interval.sign > 0 for interval in others)
    return 1 + better, len(rows) - worse


def write_pairs(path: Path, ranking: Ranking) -> None:
    """Write one line per pair of rows, columns as the fields of Pair."""
    columns = tuple(field.name for field in fields(Pair))
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
        p_holm=interval.p,
        videos=interval.videos,
        frames=interval.count,
        identical_left_out=interval.identical,
    )
