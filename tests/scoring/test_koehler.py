import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import ORACLES

from pvdbench.bench.score_definitions import koehler as straightforward
from pvdbench.core.errors import DataError
from pvdbench.io.images import read_frame
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.alignment import Alignment
from pvdbench.scoring.protocols.koehler import koehler as koehler_of_pair
from pvdbench.scoring.protocols.koehler import koehler_subpixel, score_aligned, step_crop, step_gain, step_shift
from scoring.frames import noisy, textured

with (ORACLES / "koehler" / "golden.csv").open() as file:
    GOLDEN = list(csv.DictReader(file))


def koehler(estimate, truth, crop=16):
    return (
        score_aligned(Alignment(estimate, truth, crop=crop))
        if crop != 16
        else koehler_of_pair(FramePair(estimate, truth))
    )


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['pair']}-crop{row['crop_px']}")
def test_is_what_the_authors_matlab_program_prints(row):
    pairs = ORACLES / "koehler" / "pairs"
    estimate, truth = (read_frame(pairs / f"{row['pair']}_{kind}.png") for kind in ("result", "gt"))
    score = koehler(estimate, truth, crop=int(row["crop_px"]))
    assert (score["shift_y"], score["shift_x"]) == (int(row["shift_y"]), int(row["shift_x"]))
    assert score["psnr_db"] == pytest.approx(float(row["psnr_db"]), abs=1e-6)
    assert score["ssim"] == pytest.approx(float(row["ssim"]), abs=1e-6)
    assert score["gain"] == pytest.approx(float(row["gain"]), abs=1e-9)


def test_all_recorded_rows_are_there():
    assert len(GOLDEN) == 16


@pytest.mark.parametrize("size", [(64, 80), (65, 71), (600, 640)], ids=["even", "odd", "large, in float32"])
def test_equals_the_straightforward_version(size):
    truth = textured(size)
    estimate = np.clip(
        np.roll(truth, (2, -1), (0, 1)) * 0.9 + np.random.default_rng(1).normal(0, 3, truth.shape), 0, 255
    )
    estimate = estimate.astype(np.uint8)
    score = koehler(estimate, truth)
    assert score == pytest.approx(straightforward(FramePair(estimate, truth)), abs=1e-7)


@settings(max_examples=25)
@given(dy=st.integers(-5, 5), dx=st.integers(-5, 5))
def test_finds_and_undoes_a_whole_pixel_shift(dy, dx):
    big = textured((90, 100))
    truth, estimate = big[10:80, 10:90], big[10 + dy : 80 + dy, 10 + dx : 90 + dx]
    score = koehler(estimate, truth, crop=0)
    assert (score["shift_y"], score["shift_x"]) == (dy, dx)
    if (dy, dx) == (0, 0):
        assert score["psnr_db"] == math.inf and score["ssim"] == pytest.approx(1)
    else:
        assert score["psnr_db"] > 35  # all but the gain, which the uncovered border bends a little, is undone


@given(scale=st.floats(0.5, 1.0))
def test_recovers_a_darker_estimate(scale):
    truth = textured((50, 60))
    score = koehler((truth * scale).astype(np.uint8), truth)
    assert score["gain"] == pytest.approx(1 / scale, rel=0.02)
    assert score["psnr_db"] > 40


def test_equal_frames_are_infinitely_alike():
    score = koehler(textured((50, 60)), textured((50, 60)))
    assert score["psnr_db"] == math.inf and score["ssim"] == 1 and score["gain"] == 1


def test_a_black_estimate_has_a_score():
    score = koehler(np.zeros((50, 60, 3), np.uint8), textured((50, 60)))
    assert math.isfinite(score["psnr_db"]) and score["gain"] == 1


def test_refuses_frames_that_the_crop_leaves_too_small():
    with pytest.raises(DataError, match="koehler needs frames of at least 43 pixels per side, these have 60x42"):
        koehler(textured((42, 60)), textured((42, 60)))


def test_steps_are_the_way_from_plain_to_koehler():
    """Each by its formula in double precision."""
    truth = textured((60, 70))
    estimate = noisy((np.roll(truth, (1, -2), (0, 1)) * 0.8).astype(np.uint8))
    pair = FramePair(estimate, truth)
    x, z = (frame[16:-16, 16:-16].astype(float) for frame in (truth, estimate))

    def psnr(a, b):
        return 10 * np.log10(255**2 / np.mean((a - b) ** 2))

    gain = (x * z).sum() / (z * z).sum()
    assert step_crop(pair)["psnr_db"] == pytest.approx(psnr(z, x), abs=1e-9)
    assert step_gain(pair)["psnr_db"] == pytest.approx(psnr(gain * z, x), abs=1e-9)
    moved, kept = np.zeros_like(x), np.zeros_like(x)
    moved[:-1, 2:], kept[:-1, 2:] = gain * z[1:, :-2], x[:-1, 2:]
    score = step_shift(pair)
    assert (score["shift_y"], score["shift_x"]) == (-1, 2)
    assert score["psnr_db"] == pytest.approx(psnr(moved, kept), abs=1e-9)
    assert not any("ssim" in step(pair) for step in (step_crop, step_gain, step_shift))


def test_identical_frames_are_identical_at_every_step():
    pair = FramePair(textured((60, 70)), textured((60, 70)))
    assert [step(pair)["psnr_db"] for step in (step_crop, step_gain, step_shift, koehler_subpixel)] == [math.inf] * 4


@pytest.mark.parametrize("frame", [np.zeros((60, 70, 3), np.uint8), np.full((60, 70, 3), 200, np.uint8)])
def test_constant_frames_are_not_moved(frame):
    for other in (frame, textured((60, 70))):
        for pair in (FramePair(frame, other), FramePair(other, frame)):
            for protocol in (koehler_of_pair, koehler_subpixel, step_shift):
                score = protocol(pair)
                assert (score["shift_y"], score["shift_x"]) == (0, 0) and not math.isnan(score["psnr_db"])


def test_stripes_that_repeat_take_the_first_of_equal_shifts():
    """As MATLAB's max: the first in column order among equals, here no shift at all."""
    stripes = np.broadcast_to(((np.arange(72) % 8) * 30)[:, None, None], (72, 72, 3)).astype(np.uint8)
    score = koehler(stripes, stripes, crop=0)
    assert (score["shift_y"], score["shift_x"]) == (0, 0) and score["psnr_db"] == math.inf
