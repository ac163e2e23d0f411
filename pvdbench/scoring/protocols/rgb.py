"""The protocols without alignment that most papers since 2019 use, and what separates them."""

import numpy as np

from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.metrics.rgb_ssim import CROP
from pvdbench.scoring.metrics.ssim import GAUSSIAN, UNIFORM, check_size, psnr, ssim, working_type
from pvdbench.scoring.score import Score

_STUDIO_LUMA = np.array([65.481, 128.553, 24.966]) / 255  # ITU-R BT.601, 16 to 235, as MATLAB's rgb2ycbcr
_STUDIO_BLACK = 16.0
_NEEDED = GAUSSIAN.size + 2 * CROP  # of every Gaussian SSIM of RGB, as they share their moments


def plain_rgb(pair: Pair) -> Score:
    """PSNR over all RGB samples; Gaussian SSIM where the window lies inside, mean over the channels.

    Raises:
        DataError: if the frames are smaller than 19 pixels a side.
    """
    check_size("plain-rgb", pair.shape, _NEEDED)
    return Score(pair.rgb_psnr(), pair.rgb_similarity.inside)


def crop_4(pair: Pair) -> Score:
    """The same after removing 4 pixels from each side.

    Raises:
        DataError: as plain_rgb.
    """
    check_size("crop-4", pair.shape, _NEEDED)
    return Score(pair.cropped_rgb_psnr(), pair.rgb_similarity.cropped)


def matlab_ssim(pair: Pair) -> Score:
    """RGB PSNR, and the SSIM of MATLAB's ssim() called on an RGB array, which it takes for a volume.

    Raises:
        DataError: as plain_rgb.
    """
    check_size("matlab-ssim", pair.shape, _NEEDED)
    return Score(pair.rgb_psnr(), pair.rgb_similarity.matlab)


def eval_py(pair: Pair) -> Score:
    """What the authors' eval.py prints: RGB PSNR, scikit-image's 7 x 7 uniform SSIM, mean over the channels.

    Raises:
        DataError: if the frames are smaller than the window.
    """
    check_size("eval-py", pair.shape, UNIFORM.size)
    return Score(pair.rgb_psnr(), ssim(*pair.planes, window=UNIFORM, dtype=working_type(pair.shape)))


def luma_y(pair: Pair) -> Score:
    """PSNR and SSIM of BT.601 luma in studio range, unrounded.

    Raises:
        DataError: if the frames are smaller than the SSIM window.
    """
    check_size("luma-y", pair.shape, GAUSSIAN.size)
    estimate, truth = (frame @ _STUDIO_LUMA + _STUDIO_BLACK for frame in (pair.estimate, pair.truth))
    return Score(psnr(estimate, truth), ssim(estimate, truth, dtype=working_type(pair.shape)))
