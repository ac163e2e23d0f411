from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pvdbench.io.flow import write_flow
from pvdbench.io.tables import VOLUME_STATISTICS, read_table
from pvdbench.networks.params import NetworkParams
from pvdbench.scoring.pixel_volume import Sources, count_majorities, majority, score_volume


@given(arrays(np.int16, (9, 2, 3), elements=st.integers(0, 3)))
def test_majority_is_what_counting_finds(volume):
    value, known = majority(volume)
    for y in range(2):
        for x in range(3):
            most, times = Counter(volume[:, y, x].tolist()).most_common(1)[0]
            assert known[y, x] == (times > 4.5)
            if known[y, x]:
                assert value[y, x] == most


def test_counts_by_hand():
    """Four pixels: majority right, majority off by 2, majority off by 9, no majority."""
    volume = np.array([[[50, 52, 59, 10]], [[50, 52, 59, 20]], [[0, 0, 0, 30]]], np.int16)
    truth = np.full((1, 4), 50, np.int16)
    outputs = {"PV": np.array([[50, 50, 51, 90]], np.int16), "naive_warp": np.array([[90, 50, 90, 50]], np.int16)}
    counts = {quantity: (hits, total) for quantity, hits, total in count_majorities(volume, truth, outputs, [0, 2])}
    assert counts == {
        "pixels_with_majority": (3, 4),
        "majority_accuracy_c0": (1, 3),
        "majority_accuracy_c2": (2, 3),
        "acc_majority_correct_PV": (2, 2),
        "acc_majority_correct_naive_warp": (1, 2),
        "acc_majority_wrong_PV": (1, 1),
        "acc_majority_wrong_naive_warp": (0, 1),
        "acc_no_majority_PV": (0, 1),
        "acc_no_majority_naive_warp": (1, 1),
    }


def test_true_flow_and_true_frames_make_every_inner_majority_right(dataset, tmp_path):
    flow, frames = tmp_path / "flow", tmp_path / "frames"
    for video in "ab":
        (flow / video).mkdir(parents=True)
        frames.mkdir(exist_ok=True)
        (frames / video).symlink_to(dataset / video / "GT")
        for t in range(1, 4):
            write_flow(flow / video / f"{t:05d}.flo", np.broadcast_to(np.float32([-1, 0]), (48, 64, 2)))
    out = tmp_path / "s.csv"
    how = {"dataset": "tiny", "frames_per_video": 2, "tolerances": [0, 2]}
    score_volume(dataset, Sources(flow, frames, frames), out, network=NetworkParams(volume="gray"), **how)
    table = read_table(out, VOLUME_STATISTICS).set_index(["video", "quantity"])
    for video in "ab":
        known = table.loc[(video, "pixels_with_majority")]
        assert known.total == 2 * 48 * 64  # two frames
        right = table.loc[(video, "majority_accuracy_c0")]
        inner = 2 * (48 - 6) * (64 - 8)
        assert right.hits >= inner and right.total == known.hits
        assert table.loc[(video, "acc_majority_correct_PV")].hits == table.loc[(video, "acc_majority_correct_PV")].total


def test_the_row_says_how_large_its_volume_is_and_how_it_reads_between_pixels(dataset, tmp_path):
    """Coordinate x - 0.3 truncates to x - 1, the true motion, and rounds to x; one candidate always is a majority."""
    flow, frames = tmp_path / "flow", tmp_path / "frames"
    for video in "ab":
        (flow / video).mkdir(parents=True)
        frames.mkdir(exist_ok=True)
        (frames / video).symlink_to(dataset / video / "GT")
        for t in range(1, 4):
            write_flow(flow / video / f"{t:05d}.flo", np.broadcast_to(np.float32([-0.3, 0]), (48, 64, 2)))

    def counted(**how):
        sources, params = Sources(flow, frames, frames), NetworkParams(volume="gray", **how)
        score_volume(dataset, sources, tmp_path / "s.csv", dataset="tiny", frames_per_video=2, tolerances=[0],
                     network=params)  # fmt: skip
        return read_table(tmp_path / "s.csv", VOLUME_STATISTICS).groupby("quantity")["hits"].sum()

    truncated, rounded, single = counted(), counted(coordinates="round"), counted(size=1)
    assert truncated["acc_majority_correct_PV"] == truncated["majority_accuracy_c0"] > rounded["majority_accuracy_c0"]
    assert single["pixels_with_majority"] == 2 * 2 * 48 * 64 > truncated["pixels_with_majority"]


@pytest.mark.parametrize(("frames", "count", "chosen"), [(24, 10, 10), (4, 10, 3), (2, 1, 1)])
def test_frames_are_spread_and_leave_the_first_out(frames, count, chosen):
    from pvdbench.scoring.pixel_volume import _spread

    picked = _spread(frames, count)
    assert len(picked) == chosen and min(picked) >= 1 and max(picked) < frames
