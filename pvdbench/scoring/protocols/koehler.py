"""The paper's protocol (Sec. 4.2): PSNR and SSIM after Koehler et al.'s (ECCV 2012) global translation."""

from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.metrics.alignment import CROP, Alignment
from pvdbench.scoring.metrics.ssim import GAUSSIAN, check_size, psnr, ssim
from pvdbench.scoring.score import Score

PARTS = 20  # koehler-subpixel's steps a pixel
_NEEDED = 2 * CROP + GAUSSIAN.size


def koehler(pair: Pair) -> Score:
    """Score one frame: 16 px crop, gain, whole-pixel shift, luma.

    Returns: the shift that was applied to the estimate, in whole pixels, and its gain.
    Raises:
        DataError: if what the crop leaves is smaller than the SSIM window.
    """
    check_size("koehler", pair.shape, _NEEDED)
    return score_aligned(pair.alignment)


def score_aligned(alignment: Alignment) -> Score:
    """The paper's protocol of an alignment, whatever was cropped."""
    estimate, truth = alignment.luma
    y, x = alignment.shift
    return Score(psnr(estimate, truth), ssim(estimate, truth, dtype=estimate.dtype.type), y, x, alignment.gain)


def koehler_subpixel(pair: Pair, *, parts: int = PARTS) -> Score:
    """The same with a shift in steps of 1 / parts of a pixel, by cubic convolution.

    Raises:
        DataError: as koehler.
    """
    check_size("koehler-subpixel", pair.shape, _NEEDED)
    y, x = pair.alignment.fine_shift(parts)
    if (y, x) == pair.alignment.shift:
        return koehler(pair)
    estimate, truth = pair.alignment.fine_luma(parts)
    return Score(psnr(estimate, truth), ssim(estimate, truth, dtype=estimate.dtype.type), y, x, pair.alignment.gain)


def step_crop(pair: Pair) -> Score:
    """The first step alone: RGB PSNR without 16 pixels at each side; no SSIM.

    Raises:
        DataError: as koehler.
    """
    check_size("step-crop", pair.shape, _NEEDED)
    return Score(pair.alignment.psnr_cropped, float("nan"))


def step_gain(pair: Pair) -> Score:
    """Crop and gain.

    Raises:
        DataError: as koehler.
    """
    check_size("step-gain", pair.shape, _NEEDED)
    return Score(pair.alignment.psnr_scaled, float("nan"), gain=pair.alignment.gain)


def step_shift(pair: Pair) -> Score:
    """Crop, gain and whole-pixel shift, still RGB: all of koehler but luma.

    Raises:
        DataError: as koehler.
    """
    check_size("step-shift", pair.shape, _NEEDED)
    y, x = pair.alignment.shift
    return Score(pair.alignment.psnr_shifted, float("nan"), y, x, pair.alignment.gain)
