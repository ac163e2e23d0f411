import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import ORACLES
from scipy.ndimage import gaussian_filter

from protocols.straightforward import straightforward
from pvdbench.core.errors import DataError
from pvdbench.core.images import read_frame
from pvdbench.protocols.koehler import koehler

with (ORACLES / "koehler" / "golden.csv").open() as file:
    GOLDEN = list(csv.DictReader(file))


def textured(size, seed=0):
    rng = np.random.default_rng(seed)
    image = gaussian_filter(rng.random((*size, 3)), (1.5, 1.5, 0))
    return ((image - image.min()) / np.ptp(image) * 200 + 20).astype(np.uint8)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['pair']}-crop{row['crop_px']}")
def test_is_what_the_authors_matlab_program_prints(row):
    pairs = ORACLES / "koehler" / "pairs"
    estimate, truth = (read_frame(pairs / f"{row['pair']}_{kind}.png") for kind in ("result", "gt"))
    score = koehler(estimate, truth, crop=int(row["crop_px"]))
    assert (score.shift_y, score.shift_x) == (int(row["shift_y"]), int(row["shift_x"]))
    assert score.psnr_db == pytest.approx(float(row["psnr_db"]), abs=1e-6)
    assert score.ssim == pytest.approx(float(row["ssim"]), abs=1e-6)
    assert score.gain == pytest.approx(float(row["gain"]), abs=1e-9)


def test_all_recorded_rows_are_there():
    assert len(GOLDEN) == 16


@pytest.mark.parametrize("size", [(64, 80), (65, 71)])
def test_equals_the_straightforward_version(size):
    truth = textured(size)
    estimate = np.clip(
        np.roll(truth, (2, -1), (0, 1)) * 0.9 + np.random.default_rng(1).normal(0, 3, truth.shape), 0, 255
    )
    estimate = estimate.astype(np.uint8)
    score = koehler(estimate, truth)
    expected = straightforward(estimate, truth)
    assert [score.psnr_db, score.ssim, score.shift_y, score.shift_x, score.gain] == pytest.approx(expected, abs=1e-8)


@settings(max_examples=25)
@given(dy=st.integers(-5, 5), dx=st.integers(-5, 5))
def test_finds_and_undoes_a_whole_pixel_shift(dy, dx):
    big = textured((90, 100))
    truth, estimate = big[10:80, 10:90], big[10 + dy : 80 + dy, 10 + dx : 90 + dx]
    score = koehler(estimate, truth, crop=0)
    assert (score.shift_y, score.shift_x) == (dy, dx)
    if (dy, dx) == (0, 0):
        assert score.psnr_db == math.inf and score.ssim == pytest.approx(1)
    else:
        assert score.psnr_db > 35  # all but the gain, which the uncovered border bends a little, is undone


@given(scale=st.floats(0.5, 1.0))
def test_recovers_a_darker_estimate(scale):
    truth = textured((50, 60))
    score = koehler((truth * scale).astype(np.uint8), truth)
    assert score.gain == pytest.approx(1 / scale, rel=0.02)
    assert score.psnr_db > 40


def test_equal_frames_are_infinitely_alike():
    score = koehler(textured((50, 60)), textured((50, 60)))
    assert score.psnr_db == math.inf and score.ssim == 1 and score.gain == 1


def test_a_black_estimate_has_a_score():
    score = koehler(np.zeros((50, 60, 3), np.uint8), textured((50, 60)))
    assert math.isfinite(score.psnr_db) and score.gain == 1


def test_refuses_frames_that_the_crop_leaves_too_small():
    with pytest.raises(DataError, match="expected frames of at least 43 pixels a side, got 60x42"):
        koehler(textured((42, 60)), textured((42, 60)))
