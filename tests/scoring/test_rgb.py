"""The protocols without alignment against scikit-image, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pvdbench.core.errors import DataError
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.psnr import psnr
from pvdbench.scoring.metrics.ssim import GAUSSIAN, UNIFORM, ssim
from pvdbench.scoring.protocols.rgb import crop_4, eval_py, luma_y, matlab_ssim, plain_rgb
from scoring.frames import noisy, textured

WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
SIZES = st.sampled_from([(19, 19), (20, 24), (51, 35), (64, 97)])


def bytes_of(seed, size):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@settings(max_examples=30)
@given(st.integers(0, 1000), SIZES)
def test_plain_rgb_is_scikit_images(seed, size):
    estimate, truth = bytes_of(seed, size), bytes_of(seed + 1, size)
    score = plain_rgb(FramePair(estimate, truth))
    assert score["psnr_db"] == pytest.approx(peak_signal_noise_ratio(truth, estimate), abs=1e-10)
    assert score["ssim"] == pytest.approx(structural_similarity(truth, estimate, channel_axis=2, **WANG), abs=1e-10)
    swapped = plain_rgb(FramePair(truth, estimate))
    assert (swapped["psnr_db"], swapped["ssim"]) == pytest.approx((score["psnr_db"], score["ssim"]), abs=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 1000), SIZES)
def test_crop_4_is_scikit_images_of_the_cropped_frames(seed, size):
    estimate, truth = bytes_of(seed, size), bytes_of(seed + 1, size)
    score = crop_4(FramePair(estimate, truth))
    inner = (slice(4, -4), slice(4, -4))
    assert score["psnr_db"] == pytest.approx(peak_signal_noise_ratio(truth[inner], estimate[inner]), abs=1e-10)
    expected = structural_similarity(truth[inner], estimate[inner], channel_axis=2, **WANG)
    assert score["ssim"] == pytest.approx(expected, abs=1e-10)


@settings(max_examples=20)
@given(st.integers(0, 1000), SIZES)
def test_matlab_ssim_is_scikit_images_in_three_dimensions(seed, size):
    """Padded by repeating the edge, so that scikit-image's mean is over the whole volume, as MATLAB's is."""
    estimate, truth = bytes_of(seed, size), bytes_of(seed + 1, size)
    volumes = (np.pad(frame.astype(float), 5, mode="edge") for frame in (truth, estimate))
    score = matlab_ssim(FramePair(estimate, truth))
    assert score["ssim"] == pytest.approx(structural_similarity(*volumes, **WANG), abs=1e-10)
    assert score["psnr_db"] == pytest.approx(peak_signal_noise_ratio(truth, estimate), abs=1e-10)


@settings(max_examples=20)
@given(st.integers(0, 1000), SIZES)
def test_eval_py_is_scikit_images_default_window(seed, size):
    estimate, truth = bytes_of(seed, size), bytes_of(seed + 1, size)
    score = eval_py(FramePair(estimate, truth))
    assert score["ssim"] == pytest.approx(structural_similarity(truth, estimate, channel_axis=2), abs=1e-10)
    floats = [frame / 255.0 for frame in (truth, estimate)]  # the scale that the authors' program works on
    assert score["ssim"] == pytest.approx(structural_similarity(*floats, channel_axis=2, data_range=1.0), abs=1e-10)
    assert score["psnr_db"] == pytest.approx(peak_signal_noise_ratio(*floats, data_range=1.0), abs=1e-10)


def test_large_frames_in_float32_are_as_close():
    truth = textured((560, 640))
    pair = FramePair(noisy(truth), truth)
    assert eval_py(pair)["ssim"] == pytest.approx(structural_similarity(truth, pair.estimate, channel_axis=2), abs=1e-7)
    y = [rgb2ycbcr(frame)[..., 0] for frame in (truth, pair.estimate)]
    _, full = structural_similarity(*y, full=True, **WANG)
    assert luma_y(pair)["ssim"] == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-7)


def test_large_frames_of_several_strips_are_scikit_images():
    truth = textured((560, 640))
    pair = FramePair(noisy(truth), truth)
    _, full = structural_similarity(truth, pair.estimate, channel_axis=2, full=True, **WANG)
    assert plain_rgb(pair)["ssim"] == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-10)
    assert crop_4(pair)["ssim"] == pytest.approx(full[9:-9, 9:-9].mean(), abs=1e-10)
    volumes = (np.pad(frame.astype(float), 5, mode="edge") for frame in (truth, pair.estimate))
    assert matlab_ssim(pair)["ssim"] == pytest.approx(structural_similarity(*volumes, **WANG), abs=1e-10)


def test_luma_y_is_scikit_images_luma():
    truth = textured((60, 71))
    estimate = noisy(truth)
    y = [rgb2ycbcr(frame)[..., 0] for frame in (truth, estimate)]
    score = luma_y(FramePair(estimate, truth))
    assert score["psnr_db"] == pytest.approx(peak_signal_noise_ratio(*y, data_range=255), abs=1e-9)
    _, full = structural_similarity(*y, full=True, **WANG)
    assert score["ssim"] == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-7)


def test_luma_y_by_hand():
    """White is 235, black 16, red 81.481 (65.481 + 16); flat frames, so PSNR is of one difference."""
    white, black, red = (np.full((20, 20, 3), colour, np.uint8) for colour in (255, 0, (255, 0, 0)))
    assert luma_y(FramePair(black, white))["psnr_db"] == pytest.approx(20 * math.log10(255 / 219), abs=1e-9)
    assert luma_y(FramePair(red, black))["psnr_db"] == pytest.approx(20 * math.log10(255 / 65.481), abs=1e-9)
    c1 = (0.01 * 255) ** 2
    assert luma_y(FramePair(black, white))["ssim"] == pytest.approx(
        (2 * 16 * 235 + c1) / (16**2 + 235**2 + c1), abs=1e-6
    )


def test_plain_and_matlab_by_hand():
    """One sample of 1200 off by 12: mean square 0.12. Without variance SSIM is (2ab + c1) / (a^2 + b^2 + c1)."""
    truth = np.full((20, 20, 3), 100, np.uint8)
    estimate = truth.copy()
    estimate[10, 10, 1] = 112
    assert plain_rgb(FramePair(estimate, truth))["psnr_db"] == pytest.approx(10 * math.log10(255**2 / 0.12), abs=1e-10)
    brighter = np.full((20, 20, 3), 120, np.uint8)
    flat = (2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025)
    for protocol in (plain_rgb, crop_4, matlab_ssim, eval_py):
        assert protocol(FramePair(brighter, truth))["ssim"] == pytest.approx(flat, abs=1e-9)


def test_a_frame_edge_counts_in_matlabs_ssim_and_not_in_plain():
    truth = textured((40, 40))
    estimate = truth.copy()
    estimate[0, 0] = 255 - estimate[0, 0]
    pair = FramePair(estimate, truth)
    assert matlab_ssim(pair)["ssim"] < plain_rgb(pair)["ssim"] < 1
    assert crop_4(pair)["ssim"] == pytest.approx(1, abs=1e-12) and crop_4(pair)["psnr_db"] == math.inf


def test_psnr_by_hand():
    truth, estimate = np.zeros((2, 2)), np.array([[0, 51], [0, 0]])
    assert psnr(estimate, truth) == pytest.approx(20 * math.log10(10))  # root mean square 25.5
    assert psnr(truth, truth) == math.inf


def test_similarity_in_float32_is_close():
    truth = textured((64, 80))
    pair = [frame @ np.array([0.299, 0.587, 0.114]) for frame in (noisy(truth), truth)]
    assert ssim(*pair, dtype=np.float32) == pytest.approx(ssim(*pair), abs=1e-7)
    assert 0 < abs(ssim(*pair, window=UNIFORM) - ssim(*pair, window=GAUSSIAN)) < 0.1


def test_refusals():
    with pytest.raises(ValueError, match="give equal shapes"):
        psnr(np.zeros((2, 2)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="at least 11 pixels per side"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)))
    with pytest.raises(ValueError, match="give equal shapes"):
        FramePair(bytes_of(0, (30, 30)), bytes_of(0, (30, 31)))
    small = FramePair(bytes_of(0, (30, 10)), bytes_of(1, (30, 10)))
    for protocol, needed in ((plain_rgb, 19), (crop_4, 19), (matlab_ssim, 19), (luma_y, 11)):
        with pytest.raises(DataError, match=f"needs frames of at least {needed} pixels per side, these have 10x30"):
            protocol(small)
