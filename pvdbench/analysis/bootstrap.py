"""Bootstrap intervals over videos: the frames of one video are not independent, its neighbours least of all."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import bootstrap

from pvdbench.study.table_params import TableParams

CONFIDENCE = 0.95
IDENTICAL = "identical"
"""What is printed for the PSNR of frames that equal the truth, which is infinite."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval.

    Attributes:
        mean: NaN over nothing; inf if all frames are identical to the truth.
        low, high: NaN where fewer than two videos are left or the mean is not finite.
        videos: how many the mean is over.
        count: how many frames (pixels in Sec. 4.4) the mean is over.
        identical: frames that were left out, as their PSNR is infinite.
    """

    mean: float
    low: float
    high: float
    videos: int
    count: int
    identical: int = 0

    def __neg__(self) -> "Interval":
        return replace(self, mean=-self.mean, low=-self.high, high=-self.low)


@dataclass(frozen=True)
class Bootstrap:
    """The percentile bootstrap, whole videos drawn with replacement; the same seed draws the same videos."""

    resamples: int
    seed: int

    def ratio(self, sums: _Array, weights: _Array) -> Interval:
        """sum(sums) / sum(weights): a longer video weighs more, as in the paper's averages, in a resample too.

        Args:
            sums: (V,) one sum per video.
            weights: (V,) what each sum is divided by: frames, or pixels in Sec. 4.4; videos of weight 0 are no part.
        """
        there = weights > 0
        low, high = self._bounds(_ratio, sums[there], weights[there])
        mean = float(_ratio(sums[there], weights[there]))
        return Interval(mean, low, high, int(there.sum()), int(weights.sum()))

    def mean(self, values: pd.Series, videos: pd.Series) -> Interval:
        """The mean of one value per frame: infinite ones are left out and counted, NaN spreads.

        Args:
            values, videos: share their index.
        """
        return self._mean(values, videos, frame_totals)

    def clip_mean(self, values: pd.Series, videos: pd.Series) -> Interval:
        """The mean over videos of each video's mean; arguments as mean."""
        return replace(self._mean(values, videos, clip_totals), count=int(np.sum(~np.isinf(values))))

    def difference(self, first: pd.Series, second: pd.Series, videos: pd.Series) -> Interval:
        """The mean of first minus second, frame by frame; frames where either is infinite are left out and counted."""
        finite = ~(np.isinf(first) | np.isinf(second))
        totals = frame_totals((first[finite] - second[finite]), videos[finite])
        return replace(self._of(totals), identical=int((~finite).sum()))

    def change(self, before: pd.DataFrame, after: pd.DataFrame) -> Interval:
        """One average of the same videos minus another, where frames cannot be paired.

        Args:
            before, after: from frame_totals or clip_totals; a video without weight in either leaves no interval.
        """
        both = before.add_suffix("_before").join(after.add_suffix("_after"), how="outer").fillna(0.0)
        columns = ("total_before", "weight_before", "total_after", "weight_after")
        old, weights, new, new_weights = (both[column].to_numpy(np.float64) for column in columns)
        low = high = math.nan
        if (weights * new_weights).all():
            low, high = self._bounds(_change, old, weights, new, new_weights)
        mean = float(_change(old, weights, new, new_weights))
        return Interval(mean, low, high, len(both), int(new_weights.sum()))

    def ratios(self, sums: _Array, weights: _Array) -> tuple[_Array, _Array, _Array]:
        """Compute many ratios and their intervals at once: those of `ratio`, but for rounding.

        Args:
            sums, weights: (K, V), a ratio in each row.

        Returns: mean, low and high, each (K,), as in Interval.
        """
        sums = np.where(weights > 0, sums, 0.0)
        mean = np.asarray(_ratio(sums, weights))
        low, high = np.full(len(sums), math.nan), np.full(len(sums), math.nan)
        distinct, which = np.unique(weights, axis=0, return_inverse=True)  # most often all rows have the same weights
        for number, shared in enumerate(distinct):
            there = shared > 0  # a video of weight 0 is not drawn
            rows = np.flatnonzero((which.ravel() == number) & np.isfinite(mean))
            if there.sum() >= 2 and len(rows):
                low[rows], high[rows] = self._percentiles(sums[np.ix_(rows, there)], shared[there])
        return mean, low, high

    def _percentiles(self, sums: _Array, weights: _Array) -> tuple[_Array, _Array]:
        """Resample by how often each video is drawn; added up video by video, so that every machine rounds alike.

        Args:
            sums: (K, V).
            weights: (V,).
        """
        totals, whole = np.zeros((len(sums), self.resamples)), np.zeros(self.resamples)
        for video, counts in enumerate(_draw_counts(self.resamples, self.seed, len(weights))):
            totals += sums[:, video, None] * counts
            whole += weights[video] * counts
        totals /= whole
        tail = 100 * (1 - CONFIDENCE) / 2
        low, high = np.percentile(totals, (tail, 100 - tail), axis=-1, overwrite_input=True)
        return low, high

    def _mean(
        self, values: pd.Series, videos: pd.Series, totals: Callable[[pd.Series, pd.Series], pd.DataFrame]
    ) -> Interval:
        finite = ~np.isinf(values)
        interval = replace(self._of(totals(values[finite], videos[finite])), identical=int((~finite).sum()))
        return replace(interval, mean=math.inf) if interval.identical and not finite.any() else interval

    def _of(self, totals: pd.DataFrame) -> Interval:
        return self.ratio(totals["total"].to_numpy(np.float64), totals["weight"].to_numpy(np.float64))

    def _bounds(self, statistic: Callable[..., _Array], *arrays: _Array) -> tuple[float, float]:
        if len(arrays[0]) < 2 or not np.isfinite(statistic(*arrays)):
            return math.nan, math.nan
        result = bootstrap(
            arrays,
            statistic,
            paired=True,
            n_resamples=self.resamples,
            method="percentile",
            confidence_level=CONFIDENCE,
            rng=np.random.default_rng(self.seed),
        )
        low, high = result.confidence_interval
        return float(low), float(high)


def bootstrap_of(params: TableParams) -> Bootstrap:
    """How a study draws its intervals."""
    return Bootstrap(params.resamples, params.seed)


def frame_totals(values: pd.Series, videos: pd.Series) -> pd.DataFrame:
    """Of each video the sum (total) and number (weight) of values, so that each frame counts alike."""
    by_video = values.groupby(videos, sort=True)
    return pd.DataFrame({"total": by_video.sum(skipna=False), "weight": by_video.size()}, dtype=np.float64)


def clip_totals(values: pd.Series, videos: pd.Series) -> pd.DataFrame:
    """Of each video the mean, of weight 1, so that each video counts alike."""
    frames = frame_totals(values, videos)
    return pd.DataFrame({"total": frames["total"] / frames["weight"], "weight": 1.0}, dtype=np.float64)


@lru_cache
def _draw_counts(resamples: int, seed: int, videos: int) -> _Array:
    """How often each resample draws each video, (videos, resamples): the draws of SciPy's bootstrap."""
    drawn = np.random.default_rng(seed).integers(0, videos, (resamples, videos))
    return np.stack([(drawn == video).sum(axis=1) for video in range(videos)]).astype(np.float64)


def _ratio(sums: _Array, weights: _Array, axis: int = -1) -> _Array:
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is left
        return np.asarray(np.sum(sums, axis=axis) / np.sum(weights, axis=axis))


def _change(sums: _Array, weights: _Array, new_sums: _Array, new_weights: _Array, axis: int = -1) -> _Array:
    return _ratio(new_sums, new_weights, axis) - _ratio(sums, weights, axis)
