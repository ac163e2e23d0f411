"""The t test over clips, of many means at once: 95 % intervals, the p-values that belong to them, Holm's correction.

The frames of a clip are not independent, so a clip is one observation, however many frames it has. The variance is the
cluster-robust one (CR2), which is right for clips of unequal lengths; its degrees of freedom lie between those of Bell
and McCaffrey, which are too few for such clips, and clips - 1, which are too many. Where the clips' effects are skewed,
Student's t misses the truth on one side; so the interval reaches, on each side, as far as the wider of Student's t and
Hall's transformation of it, which corrects for skewness. How often that holds: `pvdbench bench intervals`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

CONFIDENCE = 0.95

_Array = NDArray[np.float64]

_FEW_CLIPS, _FEW_REACH = 4, 0.8  # so few clips hardly show skewness, and Hall's quantiles would reach too far
_TWO_STRETCH = 1.5  # two clips show none at all: a wider interval holds the truth of skewed effects, too
_BELL_MCCAFFREY = 1 / 3  # the weight of their degrees of freedom against clips - 1, in a geometric mean
_SMALLEST = 1e-9  # what is smaller is rounding: scores have six decimals
_DECIMALS = 9  # of bounds and p-values: what machines differ by is cut off


class Bounds(NamedTuple):
    """The 95 % interval of each mean and its p-value against zero, each (K,); NaN where there is no interval."""

    low: _Array
    high: _Array
    p: _Array


@dataclass(frozen=True)
class _Clips:
    """Standard error, degrees of freedom, skewness of the mean and number of clips, each (K,)."""

    error: _Array
    freedom: _Array
    skewness: _Array
    number: NDArray[np.int64]


def clip_bounds(mean: _Array, parts: _Array, shares: _Array) -> Bounds:
    """Test statistics whose clips are independent.

    Args:
        mean: (K,) the statistics.
        parts: (K, V) what each clip adds to its statistic's deviation from the truth, divided by `shrinkage`.
        shares: (K, V) each clip's share of the weight, adding up to 1; a clip of share 0 is no part.
    """
    bounds = Bounds(*(np.full(len(mean), np.nan) for _ in range(3)))
    rows = np.flatnonzero(((shares > 0).sum(axis=1) >= 2) & np.isfinite(mean))
    if len(rows):
        for whole, some in zip(bounds, _tested(mean[rows], _measure(parts[rows], shares[rows])), strict=True):
            whole[rows] = np.round(some, _DECIMALS)
    return bounds


def shrinkage(shares: _Array) -> _Array:
    """How much less a clip differs from the weighted mean of all, itself among them, than from the truth.

    Args:
        shares: (K, V) as for clip_bounds.

    Returns: (K, V) the ratio of standard deviations where all clips' means vary alike; 1 where a clip is alone.
    """
    variance = 1 - 2 * shares + add(shares**2)[:, None]
    return np.sqrt(np.where((shares > 0) & (shares < 1), variance, 1.0))


def holm(p: ArrayLike) -> _Array:
    """Correct the p-values of one family of tests by Holm (1979); NaN are no part of it.

    A test of the family is significant where the result is at most 1 - CONFIDENCE: then all of them together say
    something wrong in at most that share of studies.
    """
    values = np.asarray(p, np.float64)
    adjusted, known = values.copy(), np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def add(values: _Array) -> _Array:
    """Sum along the last axis, one after the other: every machine rounds alike, however many rows there are."""
    return np.asarray(np.cumsum(values, axis=-1)[..., -1]) if values.shape[-1] else np.zeros(values.shape[:-1])


def _measure(parts: _Array, shares: _Array) -> _Clips:
    number = (shares > 0).sum(axis=1)
    squares, cubes = add(shares**2)[:, None], add(shares**3)[:, None]
    shrunk = shrinkage(shares)
    error = np.sqrt(add(parts**2))
    error = np.where(error < _SMALLEST, 0.0, error) * np.where(number == 2, _TWO_STRETCH, 1.0)
    third = add(shares**3 * ((1 - shares) ** 3 + shares**3 - cubes))  # of cubed deviations, where clips are alike
    known = (number > 2) & (error > 0)  # two parts are as large as each other
    skewness = add((parts * shrunk) ** 3) * cubes[:, 0] / np.where(known, third * error**3, 1.0)
    return _Clips(error, _freedom(shares, shrunk**2, squares[:, 0], number), np.where(known, skewness, 0.0), number)


def _freedom(shares: _Array, expected: _Array, squares: _Array, number: NDArray[np.int64]) -> _Array:
    """Degrees of freedom: Satterthwaite's of the robust variance where clip means vary alike, drawn to clips - 1."""
    weights = shares**2 / expected
    none, once, twice = (add(weights * shares**power) for power in (0, 1, 2))
    variance = add(weights**2 * (2 * expected - 1))
    variance += squares**2 * none**2 - 4 * squares * none * once + 2 * none * twice + 2 * once**2
    bell_mccaffrey = squares**2 / variance
    return np.asarray(bell_mccaffrey**_BELL_MCCAFFREY * (number - 1.0) ** (1 - _BELL_MCCAFFREY))


def _tested(mean: _Array, clips: _Clips) -> Bounds:
    quantile = student.ppf((1 + CONFIDENCE) / 2, clips.freedom)
    reach = np.where(clips.number <= _FEW_CLIPS, _FEW_REACH, 1.0)
    below = np.maximum(quantile, _unskewed(quantile * reach, clips.skewness))
    above = np.minimum(-quantile, _unskewed(-quantile * reach, clips.skewness))
    return Bounds(mean - clips.error * below, mean - clips.error * above, _p_values(mean, clips, reach))


def _p_values(mean: _Array, clips: _Clips, reach: _Array) -> _Array:
    """Two-sided: at most 0.05 where the interval leaves zero out, by the wider of both on the side of zero."""
    side, spread = np.sign(mean), np.where(clips.error > 0, clips.error, 1.0)
    plain = mean / spread
    corrected = _skewed(plain, clips.skewness) / reach
    tails = np.maximum(student.sf(side * plain, clips.freedom), student.sf(side * corrected, clips.freedom))
    same = np.where(np.abs(mean) < _SMALLEST, 1.0, 0.0)  # every clip says the same
    return np.where(clips.error > 0, np.minimum(2 * tails, 1.0), same)


def _skewed(t: _Array, skewness: _Array) -> _Array:
    """Hall's transformation: what of a skewed mean is distributed as Student's t."""
    return t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6


def _unskewed(t: _Array, skewness: _Array) -> _Array:
    """Hall's transformation turned round; without skewness the same."""
    some = np.abs(skewness) > 1e-6
    divisor = np.where(some, skewness, 1.0)
    return np.where(some, 3 / divisor * (np.cbrt(1 + divisor * (t - divisor / 6)) - 1), t)
