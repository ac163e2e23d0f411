import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pvdbench.core.errors import DataError, ParamsError
from pvdbench.protocols.catalogue import PROTOCOLS, named_protocols
from pvdbench.protocols.params import ProtocolName
from pvdbench.protocols.plain import plain
from pvdbench.protocols.similarity import psnr, ssim


def noise(seed, size=(20, 24)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@given(st.integers(0, 50))
def test_is_scikit_images(seed):
    estimate, truth = noise(seed), noise(seed + 100)
    score = plain(estimate, truth)
    assert score.psnr_db == pytest.approx(peak_signal_noise_ratio(truth, estimate), abs=1e-10)
    expected = structural_similarity(truth, estimate, channel_axis=2, gaussian_weights=True, sigma=1.5,
                                     use_sample_covariance=False, data_range=255)  # fmt: skip
    assert score.ssim == pytest.approx(expected, abs=1e-10)
    swapped = plain(truth, estimate)
    assert (swapped.psnr_db, swapped.ssim) == pytest.approx((score.psnr_db, score.ssim))


def test_psnr_by_hand():
    truth, estimate = np.zeros((2, 2)), np.array([[0, 2], [0, 0]])
    assert psnr(estimate, truth, data_range=10) == pytest.approx(20)  # mean square 1, peak 10: 10 log10(100)
    assert psnr(truth, truth, data_range=1) == math.inf


def test_ssim_of_flat_images_by_hand():
    """Without variance SSIM is (2ab + c1) / (a^2 + b^2 + c1) with c1 = (0.01 L)^2."""
    a, b = np.full((12, 13), 100.0), np.full((12, 13), 120.0)
    assert ssim(a, b, data_range=255) == pytest.approx((2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025), abs=1e-12)


def test_ssim_is_scikit_images_inside():
    a, b = noise(0)[..., 0].astype(float), noise(1)[..., 0].astype(float)
    _, full = structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                    data_range=255, full=True)  # fmt: skip
    assert ssim(a, b, data_range=255) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-10)


def test_the_parameters_know_the_same_protocols():
    assert set(get_args(ProtocolName)) == set(PROTOCOLS)


def test_refusals():
    with pytest.raises(ValueError, match="expected equal shapes"):
        psnr(np.zeros((2, 2)), np.zeros((2, 1)), data_range=1)
    with pytest.raises(ValueError, match="at least 11 a side"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)), data_range=1)
    with pytest.raises(DataError, match="expected frames of at least 11 pixels a side, got 10x30"):
        plain(noise(0, (30, 10)), noise(1, (30, 10)))
    with pytest.raises(ParamsError, match="expected some of koehler, plain, got 'psnr'"):
        named_protocols(["koehler", "psnr"])
