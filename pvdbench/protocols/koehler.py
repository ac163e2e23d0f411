"""The paper's protocol (Sec. 4.2): PSNR and SSIM after Koehler et al.'s (ECCV 2012) global translation.

As the authors' MATLAB evaluation computes it, which does more than the paper says: 16 pixels cropped from each side
before anything else, the estimate scaled by a least-squares gain, the shift in whole pixels, uncovered pixels zero
in both images, then luma.
"""

import numpy as np
from scipy import fft

from pvdbench.core.errors import DataError
from pvdbench.core.images import Frame
from pvdbench.protocols.score import Score
from pvdbench.protocols.similarity import WINDOW, Values, psnr, ssim

CROP = 16
_LUMA = np.array([0.299, 0.587, 0.114])  # MeTriX MuX, preprocess_metrix_mux.m


def koehler(estimate: Frame, truth: Frame, *, crop: int = CROP) -> Score:
    """Score one frame.

    Args:
        estimate, truth: (H, W, 3) uint8 RGB.
        crop: pixels removed from each side first; 16 in the authors' program.

    Returns: the shift that was applied to the estimate, in whole pixels, and its gain.
    Raises:
        DataError: if what the crop leaves is smaller than the SSIM window.
    """
    h, w, _ = truth.shape
    if min(h, w) - 2 * crop < WINDOW:
        raise DataError(f"koehler: expected frames of at least {2 * crop + WINDOW} pixels a side, got {w}x{h}; "
                        "score smaller ones with another protocol")  # fmt: skip
    inner = (slice(crop, h - crop), slice(crop, w - crop))
    x, z = truth[inner].astype(np.float64), estimate[inner].astype(np.float64)
    gain = float((x * z).sum() / energy) if (energy := (z * z).sum()) else 1.0
    z *= gain
    shift = _shift(x.mean(2), z.mean(2))
    moved, covered = _moved(z @ _LUMA, shift), _moved(np.ones(x.shape[:2]), shift)
    luma = (x @ _LUMA) * covered
    return Score(psnr(moved, luma, data_range=255), ssim(moved, luma, data_range=255), *shift, gain)


def _shift(truth: Values, estimate: Values) -> tuple[int, int]:
    """The whole-pixel shift of estimate that correlates best: dftregistration of Guizar-Sicairos et al. at factor 1.

    The largest magnitude in column order, as MATLAB's max finds it; plain cross-correlation, whose maximum a bright
    region can draw away from the true shift (pair 03 of the recorded truth).
    """
    spectrum = fft.fft2(truth) * np.conj(fft.fft2(estimate))
    correlation = np.abs(fft.ifft2(spectrum))
    x, y = np.unravel_index(np.argmax(correlation.T), correlation.T.shape)
    return _signed(int(y), truth.shape[0]), _signed(int(x), truth.shape[1])


def _signed(position: int, length: int) -> int:
    return position - length if position >= length // 2 else position


def _moved(image: Values, shift: tuple[int, int]) -> Values:
    """image moved down and right by shift, zero where nothing came from."""
    moved = np.zeros_like(image)
    (y, x), (h, w) = shift, image.shape
    moved[max(y, 0) : h + min(y, 0), max(x, 0) : w + min(x, 0)] = image[
        max(-y, 0) : h + min(-y, 0), max(-x, 0) : w + min(-x, 0)
    ]
    return moved
