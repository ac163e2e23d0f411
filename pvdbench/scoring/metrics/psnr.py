"""Peak signal-to-noise ratio in dB, peak 255.

Sums run in a fixed order, never through BLAS, whose kernels add in another order on each processor: PSNR has the same
bytes on every machine. SSIM's filter and tOF's flow are OpenCV's: the same bytes on x86 alone (metrics/opencv.py).
"""

import math

import numpy as np
from numpy.typing import NDArray

PEAK = 255.0

Reals = NDArray[np.floating]


def psnr(estimate: Reals, truth: Reals) -> float:
    """Compute the PSNR over all values.

    Args:
        estimate, truth: of one shape, values in [0, 255].

    Returns: dB; inf where they are equal.
    Raises:
        ValueError: if the shapes differ (nothing is broadcast).
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"estimate has the shape {estimate.shape}, truth {truth.shape}; give equal shapes")
    difference = np.subtract(estimate, truth, dtype=np.float64)
    return psnr_of(float(np.square(difference, out=difference).mean()))


def psnr_of(mean_square: float) -> float:
    """Convert a mean squared error on the scale 0 to 255 into dB; inf for 0."""
    return math.inf if mean_square <= 0 else 10 * math.log10(PEAK**2 / mean_square)
