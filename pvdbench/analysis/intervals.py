"""Means with 95 % intervals over clips: the frames of one clip are not independent, its neighbours least of all."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.analysis.clip_test import CONFIDENCE, Bounds, add, clip_bounds, holm, shrinkage

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
        p: of the test that the true mean is zero, at most 0.05 where the interval leaves zero out; of a difference that
            is one of several, corrected for them by Holm. NaN where there is no interval.
    """

    mean: float
    low: float
    high: float
    videos: int
    count: int
    identical: int = 0
    p: float = math.nan

    def __neg__(self) -> "Interval":
        return replace(self, mean=-self.mean, low=-self.high, high=-self.low)

    @property
    def sign(self) -> int:
        """1 where the mean is clearly above zero, -1 where it is clearly below, 0 where that is open."""
        return int(np.sign(self.mean)) if self.p <= 1 - CONFIDENCE else 0


def ratio(sums: _Array, weights: _Array) -> Interval:
    """sum(sums) / sum(weights): a longer video weighs more, as in the paper's averages.

    Args:
        sums: (V,) one sum per video.
        weights: (V,) what each sum is divided by: frames, or pixels in Sec. 4.4; videos of weight 0 are no part.
    """
    mean, bounds = ratios(sums[None], weights[None])
    return _interval(mean, bounds, int((weights > 0).sum()), int(weights.sum()))


def mean(values: pd.Series, videos: pd.Series) -> Interval:
    """The mean of one value per frame: infinite ones are left out and counted, NaN spreads.

    Args:
        values, videos: share their index.
    """
    finite = ~np.isinf(values)
    return _with_identical(_of(frame_totals(values[finite], videos[finite])), finite)


def means(values: pd.DataFrame, videos: pd.Series) -> list[Interval]:
    """Compute `mean` of each column, to the same bits; those of finite values at once.

    Args:
        values, videos: share their index.
    """
    finite = np.isfinite(values.to_numpy(np.float64)).all(axis=0)
    known = _at_once(values.loc[:, finite], videos)
    return [known[name] if name in known else mean(values[name], videos) for name in values]


def clip_mean(values: pd.Series, videos: pd.Series) -> Interval:
    """The mean over videos of each video's mean; arguments as mean."""
    finite = ~np.isinf(values)
    interval = _with_identical(_of(clip_totals(values[finite], videos[finite])), finite)
    return replace(interval, count=int(np.sum(finite)))


def difference(first: pd.Series, second: pd.Series, videos: pd.Series) -> Interval:
    """The mean of first minus second, frame by frame; frames where either is infinite are left out and counted."""
    finite = ~(np.isinf(first) | np.isinf(second))
    totals = frame_totals((first[finite] - second[finite]), videos[finite])
    return replace(_of(totals), identical=int((~finite).sum()))


def differences(first: pd.Series, others: pd.DataFrame, videos: pd.Series) -> list[Interval]:
    """Compute `difference` of first and each column of others, to the same bits; those of finite values at once.

    Args:
        first, others, videos: share their index.
    """
    finite = np.isfinite(others).all() & np.isfinite(first).all()
    known = _at_once(others.loc[:, finite].rsub(first, axis=0), videos)
    return [known[name] if name in known else difference(first, others[name], videos) for name in others]


def _at_once(values: pd.DataFrame, videos: pd.Series) -> dict[Hashable, Interval]:
    """Each column's mean, all at once; a NaN would change pandas' sums of the columns beside it, so all are finite."""
    by_video = values.groupby(videos, sort=True)
    sums = by_video.sum(skipna=False).to_numpy(np.float64).T.copy()  # (K, V)
    middles, bounds = ratios(sums, np.tile(by_video.size().to_numpy(np.float64), (len(sums), 1)))
    return {
        name: Interval(float(middle), float(low), float(high), sums.shape[1], len(values), p=float(p))
        for name, middle, low, high, p in zip(values, middles, *bounds, strict=True)
    }


def change(before: pd.DataFrame, after: pd.DataFrame) -> Interval:
    """One average of the same videos minus another, where frames cannot be paired.

    Args:
        before, after: from frame_totals or clip_totals; a video without weight in either leaves no interval.
    """
    both = before.add_suffix("_before").join(after.add_suffix("_after"), how="outer").fillna(0.0)
    columns = ("total_before", "weight_before", "total_after", "weight_after")
    old, weights, new, new_weights = (both[column].to_numpy(np.float64)[None] for column in columns)
    mean, bounds = changes(old, weights, new, new_weights)
    return _interval(mean, bounds, len(both), int(new_weights.sum()))


def changes(old: _Array, weights: _Array, new: _Array, new_weights: _Array) -> tuple[_Array, Bounds]:
    """Compute many changes at once, each from the ratio old / weights to the ratio new / new_weights.

    Args:
        old, weights, new, new_weights: (K, V); a row with a weight of 0 has no interval.

    Returns: the changes (K,), and their bounds.
    """
    before, old_parts, _ = _averages(old, weights)
    after, new_parts, _ = _averages(new, new_weights)
    whole = (weights * new_weights > 0).all(axis=1, keepdims=True)
    alike = np.full_like(weights, 1 / max(weights.shape[1], 1))  # what a clip changes does not grow with its length
    shares = np.where(whole, alike, 0.0)
    return after - before, clip_bounds(after - before, new_parts - old_parts, shares)


def ratios(sums: _Array, weights: _Array) -> tuple[_Array, Bounds]:
    """Compute many ratios and their intervals at once, each that of `ratio`.

    Args:
        sums, weights: (K, V), a ratio in each row.

    Returns: the means (K,), and their bounds.
    """
    means, parts, shares = _averages(sums, weights)
    return means, clip_bounds(means, parts, shares)


def frame_totals(values: pd.Series, videos: pd.Series) -> pd.DataFrame:
    """Of each video the sum (total) and number (weight) of values, so that each frame counts alike."""
    by_video = values.groupby(videos, sort=True)
    return pd.DataFrame({"total": by_video.sum(skipna=False), "weight": by_video.size()}, dtype=np.float64)


def clip_totals(values: pd.Series, videos: pd.Series) -> pd.DataFrame:
    """Of each video the mean, of weight 1, so that each video counts alike."""
    frames = frame_totals(values, videos)
    return pd.DataFrame({"total": frames["total"] / frames["weight"], "weight": 1.0}, dtype=np.float64)


def corrected(family: Sequence[Interval]) -> list[Interval]:
    """The same differences with the p-values that Holm's correction for all of them leaves."""
    values = holm([interval.p for interval in family]).tolist()
    return [replace(interval, p=p) for interval, p in zip(family, values, strict=True)]


def clips_text(videos: int) -> str:
    """How many clips, in words."""
    return "1 clip" if videos == 1 else f"{videos} clips"


def _averages(sums: _Array, weights: _Array) -> tuple[_Array, _Array, _Array]:
    """Ratios (K,), the parts of clip_bounds (K, V) and each video's share of the weight (K, V)."""
    sums = np.where(weights > 0, sums, 0.0)
    whole = add(weights)
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is left
        means, shares = add(sums) / whole, weights / whole[:, None]
        return means, (sums - means[:, None] * weights) / whole[:, None] / shrinkage(shares), shares


def _of(totals: pd.DataFrame) -> Interval:
    return ratio(totals["total"].to_numpy(np.float64), totals["weight"].to_numpy(np.float64))


def _with_identical(interval: Interval, finite: pd.Series) -> Interval:
    identical = int((~finite).sum())
    whole = replace(interval, identical=identical)
    return replace(whole, mean=math.inf) if identical and not finite.any() else whole


def _interval(means: _Array, bounds: Bounds, videos: int, count: int) -> Interval:
    return Interval(float(means[0]), float(bounds.low[0]), float(bounds.high[0]), videos, count, p=float(bounds.p[0]))
