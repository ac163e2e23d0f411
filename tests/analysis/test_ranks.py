"""Ranks and paired differences: on scores written down by hand, and what any ranking must hold."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_study import DEBLUR, RANKING, SIZES, TABLE_PARAMS
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.analysis import intervals
from pvdbench.analysis.ranks import Ranking
from pvdbench.tables.build import build_tables
from pvdbench.tables.inputs import Context
from pvdbench.tables.ranks import ranking_tables

_CONTEXT = Context("sample", "", "koehler", RANKING, 10, 2, 4, 48, 32)


def _ranking(**rows):
    """Each row's PSNR on two videos of two frames; the first frame of each is among the blurriest."""
    index = pd.MultiIndex.from_tuples([(v, f"{t}") for v in "ab" for t in range(2)])
    frames = pd.DataFrame({"video": [v for v, _ in index], "all": True, "blurriest": [True, False] * 2}, index=index)
    scores = {name: frames.assign(psnr_db=[float(value) for value in values]) for name, values in rows.items()}
    return Ranking("deblur", {name: name.upper() for name in rows}, scores)


def _printed(table):
    return [[cell.text for cell in cells] for cells in table.cells]


def test_ranks_by_hand():
    # b beats a on every frame; c differs from both by other amounts on the two videos, which say nothing
    ranking = _ranking(a=[20, 20, 20, 20], b=[21, 21, 21, 21], c=[23, 23, 20.5, 20.5])
    ranks, everywhere, blurriest = ranking_tables(_CONTEXT, ranking)
    assert [row.name for row in ranks.rows] == ["c", "b", "a"]
    assert _printed(ranks) == [
        ["21.75", "1", "1 to 3", "21.75", "1", "1 to 3"],
        ["21.00", "1", "1 to 2", "21.00", "1", "1 to 2"],
        ["20.00", "2", "2 to 3", "20.00", "2", "2 to 3"],
    ]
    assert [cell.text for cell in everywhere.cells[0]] == ["\u2013", "\u22121.00", "\u22121.75"]
    assert [cell.bounds for cell in everywhere.cells[2]] == [("\u221222.07", "+25.57"), ("\u221223.07", "+24.57"), None]
    assert blurriest.name == "differences-deblur-blurriest"


def test_groups_rank_by_their_own_frames():
    ranks, *_ = ranking_tables(_CONTEXT, _ranking(a=[20, 29, 20, 29], b=[22, 22, 22, 22]))
    assert _printed(ranks) == [["24.50", "1", "1", "20.00", "2", "2"], ["22.00", "2", "2", "22.00", "1", "1"]]


def test_frames_identical_to_the_truth_are_no_pairs():
    ranking = _ranking(a=[20, 20, 20, 20], b=[math.inf, 21, 22, math.inf])
    everywhere = ranking_tables(_CONTEXT, ranking)[1]
    assert [(cell.text, cell.identical) for cell in everywhere.cells[1]] == [("+1.50", 2), ("\u2013", 0)]
    first, second = ranking.pairs()
    assert (first.better, first.worse, first.difference_db, first.frames, first.identical_left_out) == (
        "b", "a", 1.5, 2, 2)  # fmt: skip
    assert (second.group, second.difference_db, second.frames, second.videos, second.identical_left_out) == (
        "blurriest", 2.0, 1, 1, 1)  # fmt: skip
    assert math.isnan(second.low_db)


def test_every_pair_of_a_study(fake):
    build_tables(fake.root, fake.root, datasets=[fake.dataset], params=TABLE_PARAMS, ranking=RANKING)
    pairs = pd.read_csv(fake.root / "reports/tables/sample-pairs-deblur.csv")
    rows = list(dict.fromkeys([*DEBLUR, *SIZES]))
    assert len(pairs) == 2 * len(list(combinations(rows, 2)))
    scores = {row: _counted(fake.root / f"data/scores/deblur/sample/{row}.csv") for row in rows}
    for pair in pairs[pairs.group == "all"].itertuples():
        difference = scores[pair.better].psnr_db - scores[pair.worse].psnr_db
        clips = [clip.to_numpy() for _, clip in difference.groupby(level=0)]
        sums, sizes = np.array([clip.sum() for clip in clips]), np.array([len(clip) for clip in clips])
        result = intervals.ratio(sums, sizes.astype(float))
        assert pair.difference_db == pytest.approx(difference.mean(), abs=1e-12) and pair.difference_db >= 0
        assert (pair.low_db, pair.high_db) == pytest.approx((result.low, result.high), abs=1e-9)
        assert (pair.videos, pair.frames, pair.identical_left_out) == (3, 21, 0)


def _counted(path: Path):
    table = pd.read_csv(path, dtype={"frame": str})
    return table[(table.protocol == "koehler") & table.counted].set_index(["video", "frame"])


@given(st.lists(st.lists(st.floats(15, 35), min_size=4, max_size=4), min_size=2, max_size=5))
def test_ranks_and_places_fit_the_pairs(rows):
    ranking = _ranking(**{f"r{number}": values for number, values in enumerate(rows)})
    ranks, pairs = ranking_tables(_CONTEXT, ranking)[0], pd.DataFrame(ranking.pairs()).query("group == 'all'")
    clear = pairs[pairs.p_holm <= 0.05]
    for row in ranks.rows:
        better, worse = (clear.worse == row.name).sum(), (clear.better == row.name).sum()
        first, last = 1 + better, len(rows) - worse
        assert row.values[1] == first <= last
        assert row.values[2] == (f"{first}" if first == last else f"{first} to {last}")
    means = [row.values[0].mean for row in ranks.rows]
    assert means == sorted(means, reverse=True)


def test_places_need_more_than_each_interval_where_there_are_many_pairs():
    # b gains 1.00, 1.10, 0.90 and so on: its difference from a alone is clear, but not among 45 pairs
    def ranking(rows):
        index = pd.MultiIndex.from_tuples([(v, "0") for v in "abcd"])
        frames = pd.DataFrame({"video": list("abcd"), "all": True, "blurriest": True}, index=index)
        scores = {name: frames.assign(psnr_db=values) for name, values in rows.items()}
        return Ranking("deblur", {name: name for name in rows}, scores)

    a, b = np.array([20.0, 25, 30, 22]), np.array([21.0, 26.6, 30.7, 23.3])
    few = ranking({"a": a, "b": b})
    assert few.differences["all", "b", "a"].low > 0 and few.places("b", "all") == (1, 1)
    rng = np.random.default_rng(0)
    many = ranking({"a": a, "b": b} | {f"r{n}": a + rng.normal(0, 3, 4) for n in range(8)})
    gap = many.differences["all", "b", "a"]
    assert gap.low == few.differences["all", "b", "a"].low > 0 and gap.p > 0.05 and gap.sign == 0
