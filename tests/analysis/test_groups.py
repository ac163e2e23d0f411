"""The sharpest and blurriest frames against a hand case and what any split must hold."""

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.analysis.groups import with_groups


def _frames(blurriness):
    rows = [(video, f"{t:02d}", db) for video, values in blurriness.items() for t, db in enumerate(values)]
    return pd.DataFrame(rows, columns=["video", "frame", "blurriness_db"])


def _names(frames, group):
    return [f"{row.video}{row.frame}" for row in frames[frames[group]].itertuples()]


def test_hand_case_rounds_up_by_video_and_breaks_ties_by_frame_name():
    frames = with_groups(_frames({"a": [30, 20, 25, 20, 35, 28, 29, 27, 26, 31, 35], "b": [20, 21, 22]}), percent=10)
    assert _names(frames, "blurriest") == ["a01", "a03", "b00"]  # ceil(1.1) = 2 of a, ceil(0.3) = 1 of b
    assert _names(frames, "sharpest") == ["a04", "a10", "b02"]
    frames = with_groups(_frames({"a": [20, 20, 30, 30]}), percent=10)
    assert (_names(frames, "blurriest"), _names(frames, "sharpest")) == (["a00"], ["a02"])


def test_an_infinite_blurriness_is_sharpest():
    frames = with_groups(_frames({"a": [30, math.inf, 20]}), percent=10)
    assert _names(frames, "sharpest") == ["a01"]


@given(st.lists(st.floats(10, 50), min_size=2, max_size=40), st.floats(1, 50))
def test_groups_have_their_size_and_are_extreme(values, percent):
    frames = with_groups(_frames({"a": values}), percent)
    for group, beyond in (("blurriest", min), ("sharpest", max)):
        inside, outside = frames[frames[group]]["blurriness_db"], frames[~frames[group]]["blurriness_db"]
        assert len(inside) == math.ceil(len(values) * percent / 100)
        assert outside.empty or beyond([*inside, *outside]) == beyond(inside)
        assert outside.empty or (
            inside.max() <= outside.min() if group == "blurriest" else inside.min() >= outside.max()
        )


def test_quantiles_by_hand():
    frames = with_groups(_frames({"a": [30, 20, 25, 20], "b": [20]}), percent=10)
    assert frames["quantile"].tolist() == [0.875, 0.125, 0.625, 0.375, 0.5]
    assert frames["tenth"].tolist() == [8, 1, 6, 3, 5]


@given(st.lists(st.floats(10, 50), min_size=1, max_size=60))
def test_quantiles_ascend_with_the_psnr_of_the_blurry_frame(values):
    frames = with_groups(_frames({"a": values}), percent=10).sort_values("quantile")
    assert frames["blurriness_db"].is_monotonic_increasing
    assert frames["quantile"].tolist() == [(rank + 0.5) / len(values) for rank in range(len(values))]
    assert frames["tenth"].between(0, 9).all() and frames["tenth"].is_monotonic_increasing
    sizes = frames.groupby("tenth").size()
    assert sizes.max() - sizes.reindex(range(10), fill_value=0).min() <= 1


def test_a_hundred_frames_make_ten_tenths_of_which_the_ends_are_the_papers_groups():
    frames = with_groups(_frames({"a": [(37 * t) % 100 for t in range(100)]}), percent=10)
    assert frames.groupby("tenth").size().tolist() == [10] * 10
    assert (frames["blurriest"] == (frames["tenth"] == 0)).all() and (
        frames["sharpest"] == (frames["tenth"] == 9)
    ).all()
