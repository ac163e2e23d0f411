"""PSNR and the SSIM of Wang et al. (IEEE TIP 2004), which all protocols are made of."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Values = NDArray[np.float64]

WINDOW, SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def psnr(estimate: Values, truth: Values, *, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB over all values; inf where they are equal.

    Raises:
        ValueError: if the shapes differ (nothing is broadcast).
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"expected equal shapes, got {estimate.shape} and {truth.shape}")
    error = float(np.mean((estimate - truth) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))


def ssim(estimate: Values, truth: Values, *, data_range: float) -> float:
    """Mean SSIM of two (H, W) images under an 11 x 11 Gaussian window, sigma 1.5, where the window lies inside.

    Population moments, K1 = 0.01, K2 = 0.03, no downsampling: ssim_index.m of Wang et al.

    Raises:
        ValueError: if the shapes differ or a side is below 11.
    """
    if estimate.shape != truth.shape or min(truth.shape) < WINDOW:
        raise ValueError(f"expected equal shapes of at least {WINDOW} a side, got {estimate.shape} and {truth.shape}")
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean1, mean2 = _blurred(estimate), _blurred(truth)
    variance1 = _blurred(estimate * estimate) - mean1 * mean1
    variance2 = _blurred(truth * truth) - mean2 * mean2
    covariance = _blurred(estimate * truth) - mean1 * mean2
    similarity = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    similarity /= (mean1 * mean1 + mean2 * mean2 + c1) * (variance1 + variance2 + c2)
    return float(similarity.mean())


def _kernel() -> Values:
    x = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(x**2) / (2 * SIGMA**2))
    return np.asarray(weights / weights.sum())


_GAUSSIAN = _kernel()


def _blurred(image: Values) -> Values:
    """The Gaussian mean, only where the whole window lies inside."""
    r = WINDOW // 2
    rows = correlate1d(image, _GAUSSIAN, axis=0)[r:-r]
    return np.asarray(correlate1d(rows, _GAUSSIAN, axis=1)[:, r:-r])
