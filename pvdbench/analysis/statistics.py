"""Every statistic that the report can show of a protocol: all metrics, groups of frames, rows and pairs of rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.analysis import intervals
from pvdbench.analysis.clip_test import CONFIDENCE, holm
from pvdbench.analysis.groups import TENTHS, with_groups
from pvdbench.analysis.ranks import RANK_GROUPS

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Means:
    """Means with their 95 % intervals, each array (groups, columns); NaN and infinity as in intervals.Interval.

    Attributes:
        groups: the names of the groups of frames.
        p: of the test that a mean is zero, not corrected.
        identical: frames that were left out, as a value of theirs is infinite.
    """

    groups: tuple[str, ...]
    mean: _Floats
    low: _Floats
    high: _Floats
    p: _Floats
    identical: _Integers

    def of(self, groups: Iterable[str]) -> "Means":
        """The same of some of the groups."""
        names = tuple(groups)
        places = [self.groups.index(name) for name in names]
        arrays = (self.mean, self.low, self.high, self.p, self.identical)
        return Means(names, *(values[places] for values in arrays))  # type: ignore[arg-type]  # mypy: integers last


@dataclass(frozen=True)
class ProtocolStatistics:
    """The counted frames of one data set and task under one protocol, and every row's scores of them.

    Groups of frames are named `all`, `sharpest-10` and `blurriest-10` (each of percents), `tenth-0` (the blurriest) to
    `tenth-9` and `clip-NAME`.

    Attributes:
        frames: columns video, frame and blurriness_db (dB).
        scores: metric to a table of a column per row, with the index of frames; NaN where a row has no score, which
            leaves it without a mean.
        optional: metrics that a frame may lack; such frames are left out.
        percents: how much of each video the sharpest and the blurriest frames can be.
    """

    frames: pd.DataFrame
    scores: Mapping[str, pd.DataFrame]
    percents: Sequence[float]
    optional: frozenset[str] = frozenset()

    def means(self, metric: str) -> Means:
        """Average every row over every group."""
        return self._means(self.scores[metric], self._groups, metric in self.optional)

    def differences(self, metric: str) -> Means:
        """Average the first row of each pair minus the second, frame by frame; pairs as itertools.combinations.

        Over the groups that rows are ranked by, tenths and clips.
        """
        groups = {
            name: frames
            for name, frames in self._groups.items()
            if is_ranked(name) or name.startswith(("tenth-", "clip-"))
        }
        values = self.scores[metric]
        first, second = (values.iloc[:, list(columns)] for columns in _pairs(values.shape[1]))
        with np.errstate(invalid="ignore"):
            gaps = first.to_numpy() - second.to_numpy()
        infinite = np.isinf(first.to_numpy()) | np.isinf(second.to_numpy())
        gaps = np.where(infinite, np.inf, gaps)
        return self._means(pd.DataFrame(gaps, index=values.index), groups, metric in self.optional)

    def _means(self, values: pd.DataFrame, groups: Mapping[str, NDArray[np.bool_]], optional: bool) -> Means:
        numbers, chosen = values.to_numpy(np.float64), np.stack([*groups.values()])
        infinite = np.isinf(numbers)
        missing = np.isnan(numbers)
        left_out = infinite | missing if optional else infinite
        totals = self._totals(np.where(infinite | missing, 0.0, numbers), chosen)
        totals[self._totals(missing & ~left_out, chosen) > 0] = np.nan  # which spreads within its video
        weights, frames = self._totals(~left_out, chosen), self._totals(np.ones((len(numbers), 1)), chosen)[..., 0]
        identical = np.einsum("gn,nc->gc", chosen, infinite, dtype=np.int64)
        found = np.empty((4, *identical.shape))  # mean, low, high, p
        for there in np.unique(frames > 0, axis=0):  # groups of the same videos, at once
            same = ((frames > 0) == there).all(axis=1)
            shape = same.sum(), identical.shape[1]
            sums, counts = (
                of[same][:, there].swapaxes(1, 2).reshape(math.prod(shape), there.sum()) for of in (totals, weights)
            )
            mean, bounds = intervals.ratios(sums, counts)
            found[:, same] = np.stack([mean, *bounds]).reshape(4, *shape)
        found[0, (identical > 0) & (weights.sum(axis=1) == 0)] = np.inf
        mean, low, high, p = found
        return Means(tuple(groups), mean, low, high, p, identical)

    def _totals(self, values: NDArray[Any], chosen: NDArray[np.bool_]) -> _Floats:
        """Sum values (frames, columns) over the chosen frames of each group (groups, frames), video by video.

        Row after row: the sums of a matrix product differ between processors in their last digits.
        """
        sums = [[values[group & video].sum(axis=0) for video in self._videos] for group in chosen]
        return np.array(sums, np.float64).reshape(len(chosen), len(self._videos), values.shape[1])

    @cached_property
    def _videos(self) -> list[NDArray[np.bool_]]:
        """Whether each frame is of a video, for each video."""
        videos = self.frames["video"].to_numpy()
        return [videos == video for video in sorted(set(videos))]

    @cached_property
    def _groups(self) -> dict[str, NDArray[np.bool_]]:
        """Name of a group to whether each frame is in it."""
        grouped = {percent: with_groups(self.frames, percent) for percent in self.percents}
        groups = {"all": np.ones(len(self.frames), bool)}
        for percent, frames in grouped.items():
            groups |= {group_name(group, percent): frames[group].to_numpy(bool) for group in ("sharpest", "blurriest")}
        tenths = with_groups(self.frames, self.percents[0])["tenth"].to_numpy()
        groups |= {f"tenth-{tenth}": tenths == tenth for tenth in range(TENTHS)}
        videos = self.frames["video"].to_numpy()
        return groups | {f"clip-{video}": videos == video for video in sorted(set(videos))}


def group_name(group: str, percent: float) -> str:
    """The name of one of groups.GROUPS among the groups of ProtocolStatistics."""
    return group if group == "all" else f"{group}-{percent:g}"


def is_ranked(name: str) -> bool:
    """Whether rows are ranked over a group of ProtocolStatistics."""
    return name.partition("-")[0] in RANK_GROUPS


def places_by_group(differences: Means, ranked: Sequence[bool], *, lower_is_better: bool) -> dict[str, _Integers]:
    """Compute the first and last place that the pairs leave to each row, (rows, 2), in the groups that are ranked.

    Rows that are not ranked have 0 and 0, and their pairs are none of the family.

    One row is better than another where the test of their difference says so after Holm's correction for all pairs of a
    group.

    Args:
        differences: of every pair of the rows.
        ranked: whether each row is; an upper bound is not.
    """
    return {
        name: _places(differences, differences.groups.index(name), np.array(ranked, bool), lower_is_better)
        for name in differences.groups
        if is_ranked(name)
    }


def _places(differences: Means, group: int, ranked: NDArray[np.bool_], lower_is_better: bool) -> _Integers:
    first, second = _pairs(len(ranked))
    family = ranked[first] & ranked[second]
    first, second, mean = first[family], second[family], differences.mean[group][family]
    clear = holm(differences.p[group][family]) <= 1 - CONFIDENCE
    above, below = clear & (mean > 0), clear & (mean < 0)
    wins, losses = (below, above) if lower_is_better else (above, below)
    better, worse = np.zeros(len(ranked), int), np.zeros(len(ranked), int)
    for winners, losers, clear in ((first, second, wins), (second, first, losses)):
        np.add.at(worse, winners[clear], 1)
        np.add.at(better, losers[clear], 1)
    return np.where(ranked[:, None], np.stack([1 + better, ranked.sum() - worse], axis=1), 0)


def _pairs(rows: int) -> tuple[_Integers, _Integers]:
    """Every two rows once: the numbers of the first and of the second."""
    pairs: Iterable[tuple[int, int]] = combinations(range(rows), 2)
    both = np.array(list(pairs), int).reshape(-1, 2)
    return both[:, 0], both[:, 1]
