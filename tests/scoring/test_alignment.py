"""What the alignment reads of two frames, against whole numbers in 64 bits."""

import numpy as np
import pytest

from pvdbench.scoring.metrics.alignment import Alignment
from scoring.frames import noisy, textured


def products(x, z):
    x, z = x.astype(np.int64), z.astype(np.int64)
    return int((x * x).sum()), int((x * z).sum()), int((z * z).sum())


@pytest.mark.parametrize("size", [(50, 61), (720, 1280)])
def test_sums_of_products_are_exact(size):
    truth = textured(size)
    estimate = noisy(truth, sigma=20)
    x, z = (frame[16:-16, 16:-16] for frame in (truth, estimate))
    alignment = Alignment(estimate, truth)
    truths, across, estimates = products(x, z)
    assert alignment.gain == across / estimates
    squares = truths - 2 * across + estimates
    assert alignment.psnr_cropped == pytest.approx(10 * np.log10(255**2 * x.size / squares), abs=1e-12)


def test_sums_of_products_are_exact_where_they_are_largest():
    """White, but for one sample of a 4K frame: the gain tells it from 1."""
    white = np.full((2160, 3840, 3), 255, np.uint8)
    other = white.copy()
    other[1000, 1000, 1] = 254
    alignment, rest = Alignment(other, white, crop=0), 255**2 * (white.size - 1)
    assert alignment.gain == (rest + 255 * 254) / (rest + 254**2) > 1
    assert alignment.psnr_cropped == pytest.approx(10 * np.log10(255**2 * white.size), abs=1e-12)


@pytest.mark.parametrize("size", [(80, 90), (600, 640)], ids=["float64", "float32"])
def test_luma_is_the_nearest_number_to_whole_thousandths(size):
    truth = np.random.default_rng(3).integers(0, 256, (*size, 3), dtype=np.uint8)
    estimate, luma = Alignment(truth, truth, crop=0).luma
    exact = truth.astype(np.int64) @ (299, 587, 114)
    assert np.array_equal(luma, (exact / 1000).astype(luma.dtype)) and np.array_equal(estimate, luma)
