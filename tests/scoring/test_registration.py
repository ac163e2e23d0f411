"""Shifts of whole pixels and parts of them, against scikit-image and loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import fourier_shift
from skimage.registration import phase_cross_correlation

from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.alignment import Alignment
from pvdbench.scoring.metrics.registration import Correlation, moved, moved_finely, overlap
from pvdbench.scoring.protocols.koehler import koehler, koehler_subpixel
from scoring.frames import textured

PARTS = 20


def sums(frame):
    return (frame.sum(2) - 382.5).astype(np.float32)


def shifted(frame, by):
    spectrum = [fourier_shift(np.fft.fftn(frame[..., c]), by) for c in range(3)]
    return np.clip(np.stack([np.fft.ifftn(s).real for s in spectrum], -1), 0, 255).round().astype(np.uint8)


@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from([(48, 60), (47, 61), (64, 43)]))
def test_a_fine_shift_is_scikit_images(dy, dx, size):
    truth = textured(size)
    estimate = shifted(truth, (dy, dx))
    # scikit-image's uncorrelated-noise normalisation off: plain cross-correlation, as here
    expected, _, _ = phase_cross_correlation(sums(truth), sums(estimate), upsample_factor=PARTS, normalization=None)
    found = Correlation(sums(truth), sums(estimate)).fine(PARTS)
    assert found == pytest.approx(tuple(expected), abs=1e-9)


def test_a_known_part_of_a_pixel_is_found_and_helps():
    truth = textured((90, 100))
    pair = FramePair(shifted(truth, (0.4, -1.25)), truth)
    fine, whole = koehler_subpixel(pair), koehler(pair)
    assert (fine["shift_y"], fine["shift_x"]) == pytest.approx(
        (-0.4, 1.25), abs=0.11
    )  # what leaves and enters the crop biases it
    assert (whole["shift_y"], whole["shift_x"]) == (0, 1)
    assert fine["psnr_db"] > whole["psnr_db"] + 3 and fine["ssim"] > whole["ssim"]


def test_a_whole_shift_stays_whole_and_gives_koehlers_score():
    truth = textured((90, 100))
    alignment = Alignment(np.roll(truth, (2, -3), (0, 1)), truth, crop=0)
    assert alignment.fine_shift(PARTS) == alignment.shift == (-2, 3)
    same = FramePair(truth, (truth * 0.9).astype(np.uint8))
    assert koehler_subpixel(same) == koehler(same)


@given(arrays(np.int8, (2, 9, 10)))
def test_the_whole_shift_is_the_largest_circular_correlation(images):
    truth, estimate = images.astype(np.float32)
    correlation = np.array([[(truth * np.roll(estimate, (y, x), (0, 1))).sum() for x in range(10)] for y in range(9)])
    y, x = Correlation(truth, estimate).whole
    assert correlation[y % 9, x % 10] == correlation.max()


@given(st.integers(-12, 12), st.integers(-12, 12))
def test_moving_by_whole_pixels_leaves_zero_behind(dy, dx):
    image = np.arange(1, 81, dtype=np.float32).reshape(8, 10)
    expected = np.zeros_like(image)
    for y in range(8):
        for x in range(10):
            if 0 <= y - dy < 8 and 0 <= x - dx < 10:
                expected[y, x] = image[y - dy, x - dx]
    assert np.array_equal(moved(image, (dy, dx)), expected)
    landed, _ = overlap((dy, dx), image.shape)
    assert np.array_equal(expected[landed], expected[expected > 0].reshape(expected[landed].shape))


def keys(t):
    t = abs(t)
    return 1.5 * t**3 - 2.5 * t**2 + 1 if t <= 1 else (-0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0)


@given(st.integers(-60, 60), st.integers(-60, 60))
def test_moving_by_parts_is_keys_kernel_by_loops(dy20, dx20):
    dy, dx = dy20 / 20, dx20 / 20
    image = np.random.default_rng(0).random((9, 11)).astype(np.float32)
    found, (rows, columns) = moved_finely(image, (dy, dx))
    for y in range(9):
        for x in range(11):
            inside = rows.start <= y < rows.stop and columns.start <= x < columns.stop
            weights = {(i, j): keys(y - dy - i) * keys(x - dx - j) for i in range(-9, 18) for j in range(-9, 20)}
            taps = {place: w for place, w in weights.items() if abs(w) > 1e-12}
            assert inside == all(0 <= i < 9 and 0 <= j < 11 for i, j in taps)
            expected = sum(w * image[place] for place, w in taps.items()) if inside else 0
            assert found[y, x] == pytest.approx(expected, abs=1e-5)
