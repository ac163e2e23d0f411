"""The paper's protocol (Sec. 4.2), PSNR and SSIM after Koehler et al.'s (ECCV 2012) translation, and its steps."""

from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.alignment import CROP, Alignment
from pvdbench.scoring.metrics.ssim import GAUSSIAN, check_size, ssim
from pvdbench.scoring.protocol import GAIN, PSNR, SHIFT_X, SHIFT_Y, SSIM, Protocol, Scores, all_but_the_first

PARTS = 20  # koehler-subpixel's steps per pixel
_NEEDED = 2 * CROP + GAUSSIAN.size
_SU_FRAMES = frozenset(2 + 95 * i // 29 for i in range(30))  # floor(linspace(2, 97, 30)), counted from 1


def koehler(pair: FramePair) -> Scores:
    """Score one frame: 16 px crop, gain, whole-pixel shift, luma.

    Returns: psnr_db, ssim, the shift that was applied to the estimate, in whole pixels, and its gain.
    Raises:
        DataError: if what the crop leaves is smaller than the SSIM window.
    """
    check_size("koehler", pair.shape, _NEEDED)
    return score_aligned(pair.alignment)


def score_aligned(alignment: Alignment) -> Scores:
    """Score an alignment by the paper's protocol, whatever was cropped."""
    estimate, truth = alignment.luma
    y, x = alignment.shift
    similarity = ssim(estimate, truth, dtype=estimate.dtype.type)
    return {"psnr_db": alignment.psnr_luma, "ssim": similarity, **_moved(alignment, y, x)}


def koehler_subpixel(pair: FramePair, *, parts: int = PARTS) -> Scores:
    """Score one frame as koehler, with a shift in steps of 1 / parts of a pixel, by cubic convolution.

    Raises:
        DataError: as koehler.
    """
    check_size("koehler-subpixel", pair.shape, _NEEDED)
    y, x = pair.alignment.fine_shift(parts)
    if (y, x) == pair.alignment.shift:
        return koehler(pair)
    estimate, truth = pair.alignment.fine_luma(parts)
    similarity = ssim(estimate, truth, dtype=estimate.dtype.type)
    return {"psnr_db": pair.alignment.fine_psnr_luma(parts), "ssim": similarity, **_moved(pair.alignment, y, x)}


def step_crop(pair: FramePair) -> Scores:
    """Take the first step alone: RGB PSNR without 16 pixels at each side; no SSIM.

    Raises:
        DataError: as koehler.
    """
    check_size("step-crop", pair.shape, _NEEDED)
    return {"psnr_db": pair.alignment.psnr_cropped}


def step_gain(pair: FramePair) -> Scores:
    """Crop, then scale.

    Raises:
        DataError: as koehler.
    """
    check_size("step-gain", pair.shape, _NEEDED)
    return {"psnr_db": pair.alignment.psnr_scaled, "gain": pair.alignment.gain}


def step_shift(pair: FramePair) -> Scores:
    """Crop, scale and move by whole pixels, still in RGB: all of koehler but luma.

    Raises:
        DataError: as koehler.
    """
    check_size("step-shift", pair.shape, _NEEDED)
    return {"psnr_db": pair.alignment.psnr_shifted, **_moved(pair.alignment, *pair.alignment.shift)}


def _moved(alignment: Alignment, y: float, x: float) -> Scores:
    return {"shift_y": y, "shift_x": x, "gain": alignment.gain}


def many_coloured(pair: FramePair) -> bool:
    """Tell whether a gain and a shift mean anything: not where the truth is of one colour.

    Against a black truth the gain is 0 and every estimate becomes equal; so does a grey card of any brightness. This is
    decided by the truth alone, so that the same frames count for every method.
    """
    return not pair.alignment.one_colour


def _su_scored(number: int) -> bool:
    """Count Su et al.'s 30 frames; they never said whether their list counts from 1: MATLAB does, and so does this."""
    return number in _SU_FRAMES


_PAPER = "Son et al., TOG 2021, evaluation of the authors' repository (codeslake/PVDNet)"
_ALIGNED = (PSNR, SSIM, SHIFT_Y, SHIFT_X, GAIN)

PROTOCOLS = (
    Protocol("koehler", "16 px crop, gain, whole-pixel shift, luma; first frames left out", _PAPER, _ALIGNED, koehler,
             all_but_the_first, informs=many_coloured),
    Protocol("koehler-subpixel", "koehler with the shift in steps of 1/20 px",
             "Koehler et al., ECCV 2012, and Guizar-Sicairos et al., Opt. Lett. 2008", _ALIGNED, koehler_subpixel,
             all_but_the_first, informs=many_coloured),
    Protocol("su-30", "koehler over the 30 frames per video of Su et al.",
             "Su et al., CVPR 2017 (shuochsu/DeepVideoDeblurring)", _ALIGNED, koehler, _su_scored,
             informs=many_coloured),
)  # fmt: skip

STEPS = (
    Protocol("step-crop", "RGB PSNR after koehler's crop; all frames", _PAPER, (PSNR,), step_crop),
    Protocol("step-gain", "RGB PSNR after koehler's crop and gain; all frames", _PAPER, (PSNR, GAIN), step_gain,
             informs=many_coloured),
    Protocol("step-shift", "RGB PSNR after koehler's crop, gain and shift; all frames", _PAPER,
             (PSNR, SHIFT_Y, SHIFT_X, GAIN), step_shift, informs=many_coloured),
)  # fmt: skip
"""What separates plain-rgb from koehler, one change at a time."""
