"""The protocols without alignment that most papers since 2019 use, and what separates them."""

import numpy as np

from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.alignment import weighted
from pvdbench.scoring.metrics.psnr import psnr_of
from pvdbench.scoring.metrics.rgb_ssim import CROP
from pvdbench.scoring.metrics.ssim import GAUSSIAN, UNIFORM, check_size, ssim, working_type
from pvdbench.scoring.protocol import PSNR, SSIM, Protocol, Scores

_STUDIO_LUMA = (65_481, 128_553, 24_966)  # ITU-R BT.601, 16 to 235, as MATLAB's rgb2ycbcr, in thousandths of 1 / 255
_PARTS = 255_000
_STUDIO_BLACK = 16.0
_NEEDED = GAUSSIAN.size + 2 * CROP  # of every Gaussian SSIM of RGB, as they share their moments


def plain_rgb(pair: FramePair) -> Scores:
    """Score all RGB samples; Gaussian SSIM where the window lies inside, averaged over the channels.

    Raises:
        DataError: if the frames are smaller than 19 pixels per side.
    """
    check_size("plain-rgb", pair.shape, _NEEDED)
    return {"psnr_db": pair.rgb_psnr(), "ssim": pair.rgb_similarity.inside}


def crop_4(pair: FramePair) -> Scores:
    """Score as plain_rgb after removing 4 pixels from each side.

    Raises:
        DataError: as plain_rgb.
    """
    check_size("crop-4", pair.shape, _NEEDED)
    return {"psnr_db": pair.cropped_rgb_psnr(), "ssim": pair.rgb_similarity.cropped}


def matlab_ssim(pair: FramePair) -> Scores:
    """Score RGB PSNR, and the SSIM of MATLAB's ssim() called on an RGB array, which it takes for a volume.

    Raises:
        DataError: as plain_rgb.
    """
    check_size("matlab-ssim", pair.shape, _NEEDED)
    return {"psnr_db": pair.rgb_psnr(), "ssim": pair.rgb_similarity.matlab}


def eval_py(pair: FramePair) -> Scores:
    """Score as the authors' eval.py prints: RGB PSNR, scikit-image's 7 x 7 uniform SSIM, averaged over the channels.

    Raises:
        DataError: if the frames are smaller than the window.
    """
    check_size("eval-py", pair.shape, UNIFORM.size)
    return {"psnr_db": pair.rgb_psnr(), "ssim": ssim(*pair.planes, window=UNIFORM, dtype=working_type(pair.shape))}


def luma_y(pair: FramePair) -> Scores:
    """Score BT.601 luma in studio range, unrounded.

    Raises:
        DataError: if the frames are smaller than the SSIM window.
    """
    check_size("luma-y", pair.shape, GAUSSIAN.size)
    whole = np.empty((2, *pair.shape[:2]), np.int32)
    for planes, luma in zip(pair.planes, whole, strict=True):
        weighted(planes, _STUDIO_LUMA, out=luma)
    squares = np.square(whole[0] - whole[1], dtype=np.float64)  # of whole numbers: equal luma alone is infinite
    dtype = working_type(pair.shape)
    estimate, truth = ((luma / _PARTS + _STUDIO_BLACK).astype(dtype) for luma in whole)
    return {"psnr_db": psnr_of(float(squares.mean()) / _PARTS**2), "ssim": ssim(estimate, truth, dtype=dtype)}


PROTOCOLS = (
    Protocol("plain-rgb", "8-bit RGB, Gaussian SSIM, no alignment; all frames",
             "XPixelGroup/BasicSR, calculate_psnr and calculate_ssim with crop_border 0", (PSNR, SSIM), plain_rgb),
    Protocol("eval-py", "RGB, 7 x 7 uniform SSIM, no alignment; all frames",
             "eval.py of codeslake/PVDNet, there on floats", (PSNR, SSIM), eval_py),
    Protocol("luma-y", "BT.601 studio-range luma, no alignment; all frames",
             "XPixelGroup/BasicSR, test_y_channel; MATLAB's rgb2ycbcr", (PSNR, SSIM), luma_y),
    Protocol("crop-4", "plain-rgb after a 4 px crop; all frames",
             "Pan et al., CVPR 2020 (csbhr/CDVD-TSP), inference.py", (PSNR, SSIM), crop_4),
    Protocol("matlab-ssim", "RGB PSNR, SSIM with MATLAB's three-dimensional window; all frames",
             "MATLAB's psnr() and ssim() on RGB arrays, as in swz30/MPRNet's evaluation", (PSNR, SSIM), matlab_ssim),
)  # fmt: skip
