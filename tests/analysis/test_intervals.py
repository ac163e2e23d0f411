"""The bootstrap over videos against cases that can be counted by hand, against all resamples, and its properties."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pvdbench.analysis import intervals
from pvdbench.analysis.intervals import Interval, clip_totals, frame_totals

_FEW = Bootstrap(500, seed=0)


def _series(*videos):
    names = pd.Series([name for name, video in enumerate(videos) for _ in video])
    return pd.Series([float(value) for video in videos for value in video]), names


def test_hand_case_two_videos_of_unequal_length():
    # 3 frames of 1 dB, 1 frame of 5 dB: resamples give 1, 2 or 5 with chances 1/4, 1/2, 1/4
    interval = _FEW.ratio(np.array([3.0, 5.0]), np.array([3.0, 1.0]))
    assert interval == Interval(2.0, 1.0, 5.0, videos=2, count=4)
    assert _FEW.mean(*_series([1, 1, 1], [5])) == interval


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_many_ratios_at_once_are_those_of_one_at_a_time(videos, seed):
    rng = np.random.default_rng(seed)
    sums = rng.uniform(-50, 400, (6, videos))
    weights = np.where(np.arange(6)[:, None] < 3, 7.0, rng.integers(0, 4, (6, videos)))  # some share, some lack a video
    sums[weights == 0] = 0.0
    sums[5, 0] = np.nan
    bootstrap = Bootstrap(300, seed)
    mean, low, high = intervals.ratios(sums, weights)
    for row in range(6):
        one = intervals.ratio(sums[row], weights[row])
        assert (mean[row], low[row], high[row]) == pytest.approx((one.mean, one.low, one.high), abs=1e-12, nan_ok=True)


def test_every_clip_counts_alike_in_the_mean_of_clips():
    assert _FEW.clip_mean(*_series([1, 1, 1], [5])) == Interval(3.0, 1.0, 5.0, videos=2, count=4)


def test_many_resamples_approach_all_possible_ones():
    sums, counts = np.array([1.0, 5.0, 6.0, 16.0]), np.array([1.0, 2.0, 1.0, 4.0])
    every = [sums[list(draw)].sum() / counts[list(draw)].sum() for draw in product(range(4), repeat=4)]
    interval = Bootstrap(20000, seed=0).ratio(sums, counts)
    assert (interval.low, interval.high) == pytest.approx(np.percentile(every, [2.5, 97.5]), abs=0.05)


def test_the_change_of_two_averages_approaches_all_possible_resamples():
    before, after = ([4, 5, 6], [1, 9], [3], [8, 8]), ([5, 6], [9], [3], [8])
    draws = [list(draw) for draw in product(range(4), repeat=4)]

    def mean(videos, draw):
        return np.mean([value for video in draw for value in videos[video]])

    every = [mean(after, draw) - mean(before, draw) for draw in draws]
    change = Bootstrap(20000, seed=0).change(frame_totals(*_series(*before)), frame_totals(*_series(*after)))
    assert change.mean == pytest.approx(mean(after, range(4)) - mean(before, range(4)))
    assert (change.low, change.high) == pytest.approx(np.percentile(every, [2.5, 97.5]), abs=0.05)
    assert (change.videos, change.count) == (4, 5)


def test_a_change_has_no_interval_where_a_video_lost_all_its_frames():
    before, after = _series([4, 5], [1, 9]), _series([4, 5])
    change = _FEW.change(frame_totals(*before), frame_totals(*after))
    assert change.mean == pytest.approx(4.5 - 4.75) and math.isnan(change.low) and math.isnan(change.high)
    assert clip_totals(*before)["total"].tolist() == [4.5, 5.0]
    many = [[4, 5]] * 12  # no resample draws the lost video alone
    change = _FEW.change(frame_totals(*_series(*many)), frame_totals(*_series(*many[1:])))
    assert change.mean == 0 and math.isnan(change.low) and math.isnan(change.high)


def test_one_video_has_no_interval():
    one = _FEW.ratio(np.array([4.0]), np.array([2.0]))
    assert one.mean == 2 and math.isnan(one.low) and math.isnan(one.high) and one.videos == 1


def test_identical_frames_are_left_out_and_counted():
    interval = _FEW.mean(*_series([1, math.inf, 3], [5, 7], [math.inf]))
    assert (interval.mean, interval.videos, interval.count, interval.identical) == (4.0, 2, 4, 2)
    assert interval.low == 2.0 and interval.high == 6.0
    by_clip = _FEW.clip_mean(*_series([1, math.inf, 3], [6], [math.inf]))
    assert (by_clip.mean, by_clip.videos, by_clip.count, by_clip.identical) == (4.0, 2, 3, 2)


def test_nothing_but_identical_frames_is_infinite_and_no_frames_are_nan():
    interval = _FEW.mean(*_series([math.inf], [math.inf, math.inf]))
    assert math.isinf(interval.mean) and math.isnan(interval.low) and (interval.count, interval.identical) == (0, 3)
    empty = _FEW.mean(pd.Series([], dtype=float), pd.Series([], dtype=object))
    assert math.isnan(empty.mean) and empty.identical == 0


def test_nan_spreads():
    interval = _FEW.mean(*_series([1, math.nan], [5]))
    assert math.isnan(interval.mean) and math.isnan(interval.low)


def test_differences_leave_out_frames_where_either_is_identical():
    first, videos = _series([2, math.inf, math.inf], [4, 5])
    second, _ = _series([1, 1, math.inf], [1, math.inf])
    difference = _FEW.difference(first, second, videos)
    assert difference == Interval(2.0, 1.0, 3.0, videos=2, count=2, identical=3)
    assert -difference == _FEW.difference(second, first, videos)
    none = _FEW.difference(first[1:2], second[1:2], videos[1:2])
    assert math.isnan(none.mean) and none.identical == 1


_VIDEOS = st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=2, max_size=5)


@given(_VIDEOS, st.floats(-3, 3))
def test_holds_the_mean_stays_in_range_and_shifts_with_the_values(videos, shift):
    values, names = _series(*videos)
    interval = Bootstrap(200, seed=3).mean(values, names)
    means = [np.mean(video) for video in videos]
    assert interval.mean == pytest.approx(values.mean(), abs=1e-12)
    assert min(means) - 1e-9 <= interval.low <= interval.high <= max(means) + 1e-9
    shifted = Bootstrap(200, seed=3).mean(values + shift, names)
    assert (shifted.low, shifted.high) == pytest.approx((interval.low + shift, interval.high + shift), abs=1e-9)


@given(_VIDEOS, st.data())
def test_identical_frames_change_nothing_but_their_count(videos, data):
    more = [[*video, *[math.inf] * data.draw(st.integers(0, 3))] for video in videos]
    with_identical, without = (Bootstrap(50, seed=1).mean(*_series(*v)) for v in (more, videos))
    assert with_identical.identical == sum(map(len, more)) - without.count
    assert (with_identical.mean, with_identical.low, with_identical.high) == (without.mean, without.low, without.high)
