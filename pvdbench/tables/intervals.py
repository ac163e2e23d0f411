"""Bootstrap intervals over videos: the frames of one video are not independent, its neighbours least of all."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import bootstrap

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over all frames and its 95 % interval; low and high are NaN for one video or an infinite mean."""

    mean: float
    low: float
    high: float
    videos: int


def interval_over_videos(
    sums: NDArray[np.float64], counts: NDArray[np.float64], *, resamples: int, seed: int
) -> Interval:
    """The percentile bootstrap of sum(sums) / sum(counts), whole videos drawn with replacement.

    The paper averages over all frames of all videos, so a longer video weighs more, in a resample too. The same seed
    and number of videos give the same resamples: differences between methods are paired.

    Args:
        sums: (V,) one sum a video.
        counts: (V,) what each sum is divided by: frames, or pixels in Sec. 4.4.
    """
    mean = _ratio(sums, counts)
    if len(sums) < 2 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, len(sums))
    result = bootstrap(
        (sums, counts),
        _ratio,
        paired=True,
        n_resamples=resamples,
        method="percentile",
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return Interval(mean, float(low), float(high), len(sums))


def mean_over_videos(values: pd.Series, videos: pd.Series, *, resamples: int, seed: int) -> Interval:
    """The mean of one value a frame, with its interval; values and videos share their index; NaN spreads."""
    by_video = values.groupby(videos, sort=True)
    sums, counts = by_video.sum(skipna=False).to_numpy(np.float64), by_video.size().to_numpy().astype(np.float64)
    return interval_over_videos(sums, counts, resamples=resamples, seed=seed)


def _ratio(sums: NDArray[np.float64], counts: NDArray[np.float64], axis: int = -1) -> float:
    with np.errstate(invalid="ignore"):  # 0 / 0 where no pixel of the drawn videos is in question
        return sums.sum(axis=axis) / counts.sum(axis=axis)  # type: ignore[no-any-return]  # an array where SciPy asks for one
