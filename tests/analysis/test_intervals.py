"""Intervals over clips against Student's t, against matrices, against cases by hand, and their properties."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pvdbench.analysis import intervals
from pvdbench.analysis.clip_test import clip_bounds, holm
from pvdbench.analysis.intervals import Interval, clip_totals, difference, differences, frame_totals


def _series(*videos):
    names = pd.Series([name for name, video in enumerate(videos) for _ in video])
    return pd.Series([float(value) for video in videos for value in video]), names


def _bounds(interval):
    return interval.low, interval.high


def test_clips_of_one_length_without_skewness_give_students_t():
    means = [28.0, 29.0, 31.0, 32.0]
    interval = intervals.mean(*_series(*[[mean - 1, mean + 1] for mean in means]))
    wanted = stats.ttest_1samp(means, 0.0)
    assert _bounds(interval) == pytest.approx(wanted.confidence_interval(0.95), abs=1e-9)
    assert interval.p == pytest.approx(wanted.pvalue, abs=1e-9)
    assert (interval.mean, interval.videos, interval.count) == (30.0, 4, 8)


def test_skewed_clips_reach_further_to_the_side_of_the_tail_and_no_less_far_to_the_other():
    means = [28.0, 28.1, 28.2, 28.3, 33.0]
    interval = intervals.mean(*_series(*[[mean] for mean in means]))
    low, high = stats.ttest_1samp(means, 0.0).confidence_interval(0.95)
    assert interval.low == pytest.approx(low, abs=1e-9) and interval.high > high + 1
    mirrored = intervals.mean(*_series(*[[-mean] for mean in means]))
    assert (-mirrored.high, -mirrored.low) == pytest.approx(_bounds(interval), abs=1e-8)


def test_two_clips_by_hand():
    # 3 frames of 1 dB, 1 frame of 5 dB: shares 3/4 and 1/4; the unbiased variance is (4^2 / 2) (9 + 1) / 16 = 5, one
    # degree of freedom; two clips are given 1.5 times the width of Student's t
    interval = intervals.ratio(np.array([3.0, 5.0]), np.array([3.0, 1.0]))
    reach = 1.5 * math.sqrt(5) * stats.t.ppf(0.975, 1)
    assert _bounds(interval) == pytest.approx((2 - reach, 2 + reach), abs=1e-8)
    assert (interval.mean, interval.videos, interval.count) == (2.0, 2, 4)
    assert intervals.mean(*_series([1, 1, 1], [5])) == interval
    by_clip = intervals.clip_mean(*_series([1, 1, 1], [5]))
    reach = 1.5 * 2 * stats.t.ppf(0.975, 1)
    assert (by_clip.mean, *_bounds(by_clip)) == pytest.approx((3, 3 - reach, 3 + reach), abs=1e-8)


def test_unequal_clips_have_the_robust_variance_and_degrees_of_freedom_of_bell_and_mccaffrey():
    lengths, means = np.array([10.0, 20.0, 70.0, 40.0, 60.0]), np.array([3.0, 4.0, 3.5, 5.0, 4.2])
    share = lengths / lengths.sum()
    residual = np.eye(5) - share[None]  # a clip minus the weighted mean, as a matrix
    expected = np.diag(residual @ residual.T)  # its variance where clip means vary alike
    form = residual.T @ np.diag(share**2 / expected) @ residual
    variance, freedom = means @ form @ means, np.trace(form) ** 2 / np.trace(form @ form)
    assert np.trace(form) == pytest.approx(np.sum(share**2))  # unbiased
    interval = intervals.ratio(lengths * means, lengths)
    quantile = stats.t.ppf(0.975, freedom ** (1 / 3) * 4 ** (2 / 3))
    plain = share @ means - quantile * math.sqrt(variance), share @ means + quantile * math.sqrt(variance)
    assert interval.low == pytest.approx(plain[0], abs=1e-8) or interval.high == pytest.approx(plain[1], abs=1e-8)
    assert interval.low <= plain[0] + 1e-8 and interval.high >= plain[1] - 1e-8


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_p_value_is_below_one_in_twenty_where_the_interval_leaves_zero_out(videos, seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 50, (40, videos)).astype(float)
    values = rng.exponential(1, (40, videos)) - rng.uniform(-4, 1, (40, 1))
    _, bounds = intervals.ratios(values * weights, weights)
    outside = (bounds.low > 0) | (bounds.high < 0)
    assert ((bounds.p <= 0.05) == outside).all()


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_many_ratios_at_once_are_those_of_one_at_a_time(videos, seed):
    rng = np.random.default_rng(seed)
    sums = rng.uniform(-50, 400, (6, videos))
    weights = np.where(np.arange(6)[:, None] < 3, 7.0, rng.integers(0, 4, (6, videos)))  # some share, some lack a video
    sums[weights == 0] = 0.0
    sums[5, 0] = np.nan
    mean, bounds = intervals.ratios(sums, weights)
    for row in range(6):
        one = intervals.ratio(sums[row], weights[row])
        several = mean[row], bounds.low[row], bounds.high[row], bounds.p[row]
        np.testing.assert_equal(several, (one.mean, one.low, one.high, one.p))  # to the last bit


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.2 times 4, 3, 2, 1: 0.04, 0.06, 0.06 (no less than the one before), 0.2
    assert holm([0.03, 0.01, math.nan, 0.2, 0.02]) == pytest.approx([0.06, 0.04, math.nan, 0.2, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0] and holm([]).tolist() == [] and holm([0.04]).tolist() == [0.04]


def test_clips_that_all_say_the_same_are_certain_and_rounding_is_no_difference():
    same = intervals.mean(*_series([0.25, 0.25], [0.25]))
    assert (same.low, same.high, same.p) == (0.25, 0.25, 0.0) and same.sign == 1 and (-same).sign == -1
    nothing = intervals.mean(*_series([0.1 + 0.2 - 0.3], [0.0], [0.0]))
    assert (nothing.low, nothing.high, nothing.p) == (0.0, 0.0, 1.0) and nothing.sign == 0
    identical = intervals.difference(*(_series([30.0, 31.0], [29.5])[0],) * 2, _series([30.0, 31.0], [29.5])[1])
    assert (identical.mean, identical.low, identical.high, identical.sign) == (0, 0, 0, 0)


def test_the_change_of_two_averages_by_hand():
    # clips of 2 frames lose the first: 1 dB, 2 dB, 3 dB and 4 dB are what each clip's mean gains
    before, after = ([4, 6], [1, 5], [3, 9], [8, 16]), ([6], [5], [9], [16])
    change = intervals.change(frame_totals(*_series(*before)), frame_totals(*_series(*after)))
    wanted = stats.ttest_1samp([1.0, 2.0, 3.0, 4.0], 0.0)
    assert (change.mean, *_bounds(change)) == pytest.approx((2.5, *wanted.confidence_interval(0.95)), abs=1e-8)
    assert (change.videos, change.count) == (4, 4)


def test_a_change_has_no_interval_where_a_video_lost_all_its_frames():
    before, after = _series([4, 5], [1, 9]), _series([4, 5])
    change = intervals.change(frame_totals(*before), frame_totals(*after))
    assert change.mean == pytest.approx(4.5 - 4.75) and math.isnan(change.low) and math.isnan(change.high)
    assert clip_totals(*before)["total"].tolist() == [4.5, 5.0]


def test_one_video_has_no_interval():
    one = intervals.ratio(np.array([4.0]), np.array([2.0]))
    assert one.mean == 2 and math.isnan(one.low) and math.isnan(one.high) and one.videos == 1
    assert math.isnan(one.p) and one.sign == 0


def test_no_rows_are_no_error():
    empty = np.zeros((0, 3))
    assert [part.tolist() for part in clip_bounds(empty[:, 0], empty, empty)] == [[], [], []]


def test_identical_frames_are_left_out_and_counted():
    interval = intervals.mean(*_series([1, math.inf, 3], [5, 7], [math.inf]))
    assert (interval.mean, interval.videos, interval.count, interval.identical) == (4.0, 2, 4, 2)
    assert _bounds(interval) == _bounds(intervals.mean(*_series([1, 3], [5, 7])))
    by_clip = intervals.clip_mean(*_series([1, math.inf, 3], [6], [math.inf]))
    assert (by_clip.mean, by_clip.videos, by_clip.count, by_clip.identical) == (4.0, 2, 3, 2)


def test_nothing_but_identical_frames_is_infinite_and_no_frames_are_nan():
    interval = intervals.mean(*_series([math.inf], [math.inf, math.inf]))
    assert math.isinf(interval.mean) and math.isnan(interval.low) and (interval.count, interval.identical) == (0, 3)
    empty = intervals.mean(pd.Series([], dtype=float), pd.Series([], dtype=object))
    assert math.isnan(empty.mean) and empty.identical == 0


def test_nan_spreads():
    interval = intervals.mean(*_series([1, math.nan], [5]))
    assert math.isnan(interval.mean) and math.isnan(interval.low)


def test_differences_leave_out_frames_where_either_is_identical():
    first, videos = _series([2, math.inf, math.inf], [4, 5])
    second, _ = _series([1, 1, math.inf], [1, math.inf])
    difference = intervals.difference(first, second, videos)
    low, high = _bounds(intervals.mean(*_series([1], [3])))
    assert difference == Interval(2.0, low, high, videos=2, count=2, identical=3, p=difference.p)
    assert -difference == intervals.difference(second, first, videos)
    none = intervals.difference(first[1:2], second[1:2], videos[1:2])
    assert math.isnan(none.mean) and none.identical == 1


_VIDEOS = st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=2, max_size=5)


@given(_VIDEOS, st.floats(-3, 3))
def test_holds_the_mean_and_shifts_with_the_values(videos, shift):
    values, names = _series(*videos)
    interval, shifted = intervals.mean(values, names), intervals.mean(values + shift, names)
    assert interval.mean == pytest.approx(values.mean(), abs=1e-12)
    assert interval.low - 1e-9 <= interval.mean <= interval.high + 1e-9
    wide = (interval.high - interval.low) * 1e-6
    assert _bounds(shifted) == pytest.approx((interval.low + shift, interval.high + shift), abs=1e-6 + wide)


@given(_VIDEOS, st.data())
def test_identical_frames_change_nothing_but_their_count(videos, data):
    more = [[*video, *[math.inf] * data.draw(st.integers(0, 3))] for video in videos]
    with_identical, without = (intervals.mean(*_series(*v)) for v in (more, videos))
    assert with_identical.identical == sum(map(len, more)) - without.count
    assert (with_identical.mean, with_identical.low, with_identical.high) == (without.mean, without.low, without.high)


@pytest.mark.parametrize("seed", range(8))
def test_differences_at_once_have_the_bits_of_each_alone(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 200))
    videos = pd.Series(rng.integers(0, rng.integers(1, 9), count).astype(str))
    psnr = pd.DataFrame(rng.normal(30, 5, (count, 5)), columns=list("abcde"))
    psnr.loc[0, "c"], psnr.loc[0, "d"] = np.inf, np.nan
    for first in ("a", "c"):
        others = psnr.drop(columns=first)
        alone = [difference(psnr[first], others[name], videos) for name in others]
        assert repr(differences(psnr[first], others, videos)) == repr(alone)


@given(_VIDEOS, st.sampled_from([math.inf, math.nan, 0.0, None]))
def test_means_at_once_are_those_one_by_one(videos, odd):
    values, names = _series(*videos)
    table = pd.DataFrame({"a": values, "b": values * 3 + 0.1, "c": values - 7})
    if odd is not None:
        table.loc[0, "b"] = odd
    wanted = [intervals.mean(table[name], names) for name in table]
    assert repr(intervals.means(table, names)) == repr(wanted)
    none = [intervals.mean(table[name][:0], names[:0]) for name in table]
    assert repr(intervals.means(table[:0], names[:0])) == repr(none)
    assert intervals.means(table[[]], names) == []
