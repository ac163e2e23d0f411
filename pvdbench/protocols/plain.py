"""RGB PSNR and SSIM without alignment: the protocol of most papers since 2019."""

import numpy as np
from skimage.metrics import structural_similarity

from pvdbench.core.errors import DataError
from pvdbench.core.images import Frame
from pvdbench.protocols.score import Score
from pvdbench.protocols.similarity import SIGMA, WINDOW, psnr


def plain(estimate: Frame, truth: Frame) -> Score:
    """PSNR over all RGB samples, SSIM by scikit-image with the Gaussian of Wang et al., averaged over the channels.

    Args:
        estimate, truth: (H, W, 3) uint8 RGB.

    Raises:
        DataError: if the frames are smaller than the SSIM window.
    """
    if min(truth.shape[:2]) < WINDOW:
        size = f"{truth.shape[1]}x{truth.shape[0]}"
        raise DataError(f"plain: expected frames of at least {WINDOW} pixels a side, got {size}; score larger ones")
    similarity = structural_similarity(  # type: ignore[no-untyped-call]
        truth, estimate, channel_axis=2, gaussian_weights=True, sigma=SIGMA, use_sample_covariance=False, data_range=255
    )
    return Score(plain_psnr(estimate, truth), float(similarity))


def plain_psnr(estimate: Frame, truth: Frame) -> float:
    """PSNR in dB over all RGB samples of two (H, W, 3) uint8 frames."""
    return psnr(estimate.astype(np.float64), truth.astype(np.float64), data_range=255)
