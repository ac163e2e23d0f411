"""All statistics at once against those that intervals and Ranking make one by one."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pvdbench.analysis import intervals
from pvdbench.analysis.groups import with_groups
from pvdbench.analysis.ranks import RANK_GROUPS, Ranking
from pvdbench.analysis.statistics import ProtocolStatistics, group_name, places_by_group

_PERCENTS = (5, 12.5, 50)
_ROWS = ("a", "b", "c", "d")
_EXACT = {"abs": 1e-12, "nan_ok": True}


@pytest.fixture
def frames():
    """Clips of unequal length, one of a single frame."""
    names = [(f"clip{v}", f"{t:05d}") for v, count in enumerate((9, 14, 11, 1)) for t in range(count)]
    table = pd.DataFrame(names, columns=["video", "frame"])
    return table.assign(blurriness_db=np.random.default_rng(1).uniform(20, 40, len(table)))


@pytest.fixture
def scores(frames):
    """Four rows; some frames of two of them are identical to the truth, and the last frame has no truth at all."""
    rng = np.random.default_rng(2)
    values = frames["blurriness_db"].to_numpy()[:, None] + 3 * np.arange(4) + rng.normal(0, 2, (len(frames), 4))
    table = pd.DataFrame(values, columns=_ROWS)
    table.loc[[0, 1, 20], "a"] = math.inf
    table.loc[[1, 2], "b"] = math.inf
    return table


def _statistics(frames, scores):
    return ProtocolStatistics(frames, {"psnr_db": scores}, _PERCENTS)


def _masks(frames):
    """Every group, made one by one."""
    yield "all", frames["video"] != ""
    for percent in _PERCENTS:
        grouped = with_groups(frames, percent)
        yield from ((group_name(group, percent), grouped[group]) for group in ("sharpest", "blurriest"))
    tenths = with_groups(frames, 10)["tenth"]
    yield from ((f"tenth-{tenth}", tenths == tenth) for tenth in range(10))
    yield from ((f"clip-{video}", frames["video"] == video) for video in frames["video"].unique())


def _number(means, group, column):
    place = means.groups.index(group)
    return tuple(float(part[place, column]) for part in (means.mean, means.low, means.high, means.identical))


def test_every_mean_is_that_made_alone(frames, scores):
    means = _statistics(frames, scores).means("psnr_db")
    masks = dict(_masks(frames))
    assert set(masks) == set(means.groups) and "blurriest-12.5" in masks
    for name, mask in masks.items():
        for column, row in enumerate(_ROWS):
            one = intervals.mean(scores[row][mask], frames["video"][mask])
            wanted = (one.mean, one.low, one.high, one.identical)
            assert _number(means, name, column) == pytest.approx(wanted, **_EXACT), (name, row)


def test_every_difference_is_that_made_alone(frames, scores):
    differences = _statistics(frames, scores).differences("psnr_db")
    masks = {name: mask for name, mask in _masks(frames) if not name.startswith("sharpest")}
    assert set(masks) == set(differences.groups)
    pairs = [(first, second) for first in range(4) for second in range(first + 1, 4)]
    for name, mask in masks.items():
        for column, (first, second) in enumerate(pairs):
            values = (scores.iloc[:, row][mask] for row in (first, second))
            one = intervals.difference(*values, frames["video"][mask])
            place = differences.groups.index(name)
            assert differences.identical[place, column] == one.identical
            if one.count:
                number = _number(differences, name, column)[:3]
                assert number == pytest.approx((one.mean, one.low, one.high), **_EXACT), (name, first, second)


@pytest.mark.parametrize("lower", [False, True])
def test_places_are_those_of_the_ranking(frames, scores, lower):
    finite = scores.replace(math.inf, 30.0)
    places = places_by_group(_statistics(frames, finite).differences("psnr_db"), [True] * 4, lower_is_better=lower)
    for percent in _PERCENTS:
        grouped = with_groups(frames, percent)
        rows = {row: grouped.assign(psnr_db=-finite[row] if lower else finite[row]) for row in _ROWS}
        ranking = Ranking("deblur", dict.fromkeys(_ROWS, ""), rows)
        for group in RANK_GROUPS:
            wanted = [list(ranking.places(row, group)) for row in _ROWS]
            assert places[group_name(group, percent)].tolist() == wanted
    assert len({tuple(place) for place in places["all"].tolist()}) > 1


def test_a_row_that_is_not_ranked_has_no_place_and_takes_none(frames, scores):
    finite = scores.replace(math.inf, 30.0)
    differences = _statistics(frames, finite).differences("psnr_db")
    places = places_by_group(differences, [False, True, True, True], lower_is_better=False)
    grouped = with_groups(frames, _PERCENTS[0])
    rows = {row: grouped.assign(psnr_db=finite[row]) for row in _ROWS[1:]}
    ranking = Ranking("deblur", dict.fromkeys(_ROWS[1:], ""), rows)
    assert places["all"].tolist() == [[0, 0], *(list(ranking.places(row, "all")) for row in _ROWS[1:])]


def test_a_row_that_lacks_a_score_has_no_mean_unless_the_metric_is_optional(frames, scores):
    scores.loc[[5, 6], "c"] = math.nan
    statistics = _statistics(frames, scores)
    assert math.isnan(_number(statistics.means("psnr_db"), "all", 2)[0])
    optional = replace(statistics, optional=frozenset({"psnr_db"}))
    known = scores["c"].notna()
    one = intervals.mean(scores["c"][known], frames["video"][known])
    gap = intervals.difference(scores["c"][known], scores["d"][known], frames["video"][known])
    for means, column, wanted in ((optional.means("psnr_db"), 2, one), (optional.differences("psnr_db"), 5, gap)):
        assert _number(means, "all", column)[:3] == pytest.approx((wanted.mean, wanted.low, wanted.high), **_EXACT)


def test_one_clip_has_no_interval(frames, scores):
    only = frames["video"] == "clip0"
    statistics = _statistics(frames[only], scores[only])
    for means in (statistics.means("psnr_db"), statistics.differences("psnr_db")):
        assert np.isfinite(means.mean[0, -1]) and np.isnan(means.low).all() and np.isnan(means.high).all()
