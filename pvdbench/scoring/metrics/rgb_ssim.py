"""The three Gaussian SSIMs of RGB frames in the literature, from one pass over the window's moments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvdbench.scoring.metrics.psnr import Reals
from pvdbench.scoring.metrics.ssim import GAUSSIAN, local_moments, ssim_map

CROP = 4
_REACH = GAUSSIAN.size // 2

Bytes = NDArray[np.uint8]  # (3, H, W)


@dataclass(frozen=True)
class RgbSimilarity:
    """Mean SSIM over the channels where the window lies inside, the same after a crop, and MATLAB's."""

    inside: float
    cropped: float
    matlab: float


def rgb_similarity(estimate: Bytes, truth: Bytes) -> RgbSimilarity:
    """Compute all three of two frames.

    MATLAB's ssim() takes an RGB array for a volume: its window is 11 x 11 x 11 and every side is padded by repeating
    the edge. Along three channels that window is a 3 x 3 matrix, applied to the moments of the two other axes.

    Raises:
        ValueError: if a side is below the window's and the crop.
    """
    _, height, width = truth.shape
    if min(height, width) < GAUSSIAN.size + 2 * CROP:
        raise ValueError(
            f"frames of {width}x{height} are too small; give at least {GAUSSIAN.size + 2 * CROP} pixels per side"
        )
    edges = ((0, 0), (_REACH, _REACH), (_REACH, _REACH))
    padded = (np.pad(frame, edges, mode="edge") for frame in (estimate, truth))
    sums, top = np.zeros(3), 0
    for moments in local_moments(*padded, window=GAUSSIAN):
        rows = moments.shape[2]
        volume = ssim_map(_along_channels(moments), GAUSSIAN)
        planes = ssim_map(moments, GAUSSIAN)
        sums += _inner(planes, top, height, _REACH), _inner(planes, top, height, _REACH + CROP), volume.sum()
        top += rows
    inside, cropped = (3 * (height - 2 * edge) * (width - 2 * edge) for edge in (_REACH, _REACH + CROP))
    return RgbSimilarity(sums[0] / inside, sums[1] / cropped, sums[2] / truth.size)


def _inner(planes: Reals, top: int, height: int, edge: int) -> float:
    """Sum over the rows from top on, without those and the columns within edge of the frame's border."""
    rows = slice(max(edge - top, 0), max(height - edge - top, 0))
    return float(planes[:, rows, edge:-edge].sum())


def _along_channels(moments: Reals) -> Reals:
    """Filter (4, 3, h, w) along the channels, the first and last repeated; in a fixed order of sums."""
    mixed = np.empty_like(moments)
    part = np.empty_like(moments[0, 0])
    for field, result in zip(moments, mixed, strict=True):
        for channel, weights in zip(result, _CHANNELS, strict=True):
            np.multiply(field[0], weights[0], out=channel)
            for values, weight in zip(field[1:], weights[1:], strict=True):
                channel += np.multiply(values, weight, out=part)
    return mixed


def _channel_matrix() -> Reals:
    """Build the window's weights between three channels; those beyond the ends go to the ends."""
    matrix = np.zeros((3, 3))
    for channel in range(3):
        for tap, weight in enumerate(GAUSSIAN.weights, -_REACH):
            matrix[channel, np.clip(channel + tap, 0, 2)] += weight
    return matrix


_CHANNELS = _channel_matrix()
