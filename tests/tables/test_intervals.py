"""The bootstrap over videos against a case that can be counted by hand, and its properties."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.tables.intervals import interval_over_videos, mean_over_videos


def test_hand_case_two_videos_of_unequal_length():
    # 3 frames of 1 dB, 1 frame of 5 dB: resamples give 1, 2 or 5 with chances 1/4, 1/2, 1/4
    interval = interval_over_videos(np.array([3.0, 5.0]), np.array([3.0, 1.0]), resamples=500, seed=0)
    assert (interval.mean, interval.low, interval.high, interval.videos) == (2.0, 1.0, 5.0, 2)


def test_many_resamples_approach_all_possible_ones():
    sums, counts = np.array([1.0, 5.0, 6.0, 16.0]), np.array([1.0, 2.0, 1.0, 4.0])
    every = [sums[list(draw)].sum() / counts[list(draw)].sum() for draw in product(range(4), repeat=4)]
    interval = interval_over_videos(sums, counts, resamples=20000, seed=0)
    assert (interval.low, interval.high) == pytest.approx(np.percentile(every, [2.5, 97.5]), abs=0.05)


def test_one_video_or_an_infinite_value_has_no_interval():
    one = interval_over_videos(np.array([4.0]), np.array([2.0]), resamples=10, seed=0)
    assert one.mean == 2 and math.isnan(one.low) and math.isnan(one.high)
    infinite = interval_over_videos(np.array([4.0, np.inf]), np.array([2.0, 1.0]), resamples=10, seed=0)
    assert math.isinf(infinite.mean) and math.isnan(infinite.low)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=2, max_size=5), st.floats(-3, 3))
def test_holds_the_mean_stays_in_range_and_shifts_with_the_values(videos, shift):
    values = pd.Series([value for video in videos for value in video])
    names = pd.Series([name for name, video in enumerate(videos) for _ in video])
    interval = mean_over_videos(values, names, resamples=200, seed=3)
    means = [np.mean(video) for video in videos]
    assert interval.mean == pytest.approx(values.mean(), abs=1e-12)
    assert min(means) - 1e-9 <= interval.low <= interval.high <= max(means) + 1e-9
    shifted = mean_over_videos(values + shift, names, resamples=200, seed=3)
    assert (shifted.low, shifted.high) == pytest.approx((interval.low + shift, interval.high + shift), abs=1e-9)
