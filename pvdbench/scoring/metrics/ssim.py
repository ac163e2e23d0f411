"""The SSIM of Wang et al. (IEEE TIP 2004), which most protocols report.

The window is OpenCV's separable filter, over strips that stay in the processor's cache; all else is summed in a fixed
order (see psnr.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
from pvdbench.scoring.metrics.opencv import plain_opencv
from pvdbench.scoring.metrics.psnr import PEAK, Reals

Numbers = NDArray[np.floating | np.uint8]

_K1, _K2 = 0.01, 0.03
_STRIP = 64  # rows at a time, so that a strip and its moments stay in the processor's cache
_SAMPLED = 8  # each so many rows tell the means well enough
_MANY = 300_000  # pixels over which float32's rounding averages to less than 1e-7 of SSIM and of a decibel


@dataclass(frozen=True)
class Window:
    """A symmetric, separable window of SSIM.

    Attributes:
        weights: along one axis, an odd number of them.
        unbiased: what the variances are multiplied by.
    """

    weights: tuple[float, ...]
    unbiased: float = 1.0

    @property
    def size(self) -> int:
        """Pixels per side."""
        return len(self.weights)


def _gaussian(size: int, sigma: str) -> tuple[float, ...]:
    """Weights that sum to 1, by decimal arithmetic: exp of two processors can differ in its last bit."""
    weights = [(-(Decimal(i - size // 2) ** 2) / (2 * Decimal(sigma) ** 2)).exp() for i in range(size)]
    return tuple(float(weight / sum(weights)) for weight in weights)


GAUSSIAN = Window(_gaussian(11, "1.5"))
"""Wang et al.'s: 11 x 11, sigma 1.5, population moments."""
UNIFORM = Window((1 / 7,) * 7, unbiased=49 / 48)
"""scikit-image's default: 7 x 7, sample moments."""


def working_type(shape: tuple[int, ...]) -> type:
    """Choose the type to compare an (H, W, ...) image in: float32, twice as fast, where the pixels are many."""
    return np.float32 if shape[0] * shape[1] >= _MANY else np.float64


def ssim(estimate: Numbers, truth: Numbers, *, window: Window = GAUSSIAN, dtype: type = np.float64) -> float:
    """Average SSIM where the window lies inside, over all planes.

    K1 = 0.01, K2 = 0.03, peak 255, no downsampling: ssim_index.m of Wang et al. for the Gaussian.

    Args:
        estimate, truth: (C, H, W) or (H, W), values in [0, 255].
        dtype: float64 or, see working_type, float32.

    Raises:
        ValueError: if the shapes differ or a side is below the window's.
    """
    if estimate.shape != truth.shape or min(truth.shape[-2:]) < window.size:
        raise ValueError(f"estimate has the shape {estimate.shape}, truth {truth.shape}; give equal shapes of at least "
                         f"{window.size} pixels per side")  # fmt: skip
    planes = (image if image.ndim == 3 else image[None] for image in (estimate, truth))
    total, count = 0.0, 0
    centres = _centres(estimate, truth) if dtype == np.float32 else (0.0, 0.0)
    for moments in local_moments(*planes, window=window, centres=centres, dtype=dtype):
        similarity = ssim_map(moments, window, centres)
        total += float(similarity.sum(dtype=np.float64))
        count += similarity.size
    return total / count


def _centres(estimate: Numbers, truth: Numbers) -> tuple[float, float]:
    """Whole numbers near the means of sum and difference: what float32 squares should be of what is left."""
    first, second = (float(image[..., ::_SAMPLED, :].mean(dtype=np.float64)) for image in (estimate, truth))
    return float(round(first + second)), float(round(first - second))


def local_moments(
    estimate: Numbers,
    truth: Numbers,
    *,
    window: Window,
    centres: tuple[float, float] = (0.0, 0.0),
    dtype: type = np.float64,
) -> Iterator[Reals]:
    """Average s, d, s^2 and d^2 over the window, with s the sum of the images and d their difference, less a centre.

    Sum and difference say all that SSIM asks of the two images, by one field less than themselves.

    Args:
        estimate, truth: (C, H, W), values in [0, 255].
        centres: what is subtracted from s and d.

    Yields: (4, C, h, W - size + 1) strip by strip from the top, overwritten by the next; the heights h sum up to
        H - size + 1.
    """
    k, (channels, height, width) = window.size, truth.shape
    rows, columns = min(_STRIP, height - k + 1), width - k + 1
    fields = np.empty((4, rows + k - 1, width), dtype)
    moments = np.empty((4, channels, rows, columns), dtype)
    for top in range(0, height - k + 1, rows):
        count = min(rows, height - k + 1 - top)
        read = slice(top, top + count + k - 1)
        for channel in range(channels):
            part = fields[:, : count + k - 1]
            _fill(part, estimate[channel, read], truth[channel, read], centres)
            for field, averages in zip(part, moments[:, channel, :count], strict=True):
                averages[:] = _windowed(field, window)
        yield moments[:, :, :count]


def _fill(fields: Reals, estimate: Numbers, truth: Numbers, centres: tuple[float, float]) -> None:
    """Put s, d, s^2 and d^2 of two planes into (4, h, W)."""
    np.add(estimate, truth, out=fields[0], dtype=fields.dtype, casting="same_kind")
    np.subtract(estimate, truth, out=fields[1], dtype=fields.dtype, casting="same_kind")
    for field, centre in zip(fields, centres, strict=False):
        if centre:
            field -= fields.dtype.type(centre)
    np.square(fields[:2], out=fields[2:])


def _windowed(field: Reals, window: Window) -> Reals:
    """Average (h, W) where the window lies inside."""
    import cv2

    weights, reach = np.array(window.weights, field.dtype), window.size // 2
    with plain_opencv():
        averages = cv2.sepFilter2D(field, -1, weights, weights)
    return np.asarray(averages[reach:-reach, reach:-reach])


def ssim_map(moments: Reals, window: Window, centres: tuple[float, float] = (0.0, 0.0)) -> Reals:
    """Compute SSIM pixel by pixel.

    With S and D the local means of sum and difference, 4 mean1 mean2 = S^2 - D^2 and 2 (mean1^2 + mean2^2) = S^2 + D^2;
    so for the variances.

    Args:
        moments: (4, ...) of local_moments with the same centres; overwritten.
    """
    c1, c2 = 2 * (_K1 * PEAK) ** 2, 2 * (_K2 * PEAK) ** 2 / window.unbiased
    s, d, ss, dd = moments
    ss -= s * s
    ss += c2
    dd -= d * d
    s += centres[0]
    s *= s
    s += c1
    d += centres[1]
    d *= d
    similarity = (s - d) * (ss - dd)
    s += d
    ss += dd
    s *= ss
    similarity /= s
    return np.asarray(similarity)


def check_size(protocol: str, shape: tuple[int, ...], needed: int) -> None:
    """Refuse frames that leave no room for a protocol's crop and window.

    Raises:
        DataError: if a side is below needed.
    """
    if min(shape[:2]) < needed:
        raise DataError(f"{protocol} needs frames of at least {needed} pixels per side, these have "
                        f"{shape[1]}x{shape[0]}; score them by another protocol")  # fmt: skip
