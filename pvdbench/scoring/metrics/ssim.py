"""PSNR and the SSIM of Wang et al. (IEEE TIP 2004), which all protocols are made of."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError

Values = NDArray[np.float64]
Reals = NDArray[np.floating]
Numbers = NDArray[np.floating | np.uint8]

_K1, _K2 = 0.01, 0.03
_PEAK = 255.0
_STRIP = 48  # rows of all planes at a time, so that a strip and its moments stay in the processor's cache
_MANY = 300_000  # pixels over which float32's rounding averages to less than 1e-7 of SSIM and of a decibel
_BLOCK = 32  # output columns a matrix product


@dataclass(frozen=True)
class Window:
    """A separable window of SSIM: weights along one axis, and what the variances are multiplied by."""

    weights: tuple[float, ...]
    unbiased: float = 1.0

    @property
    def size(self) -> int:
        """Pixels a side."""
        return len(self.weights)


def _gaussian(size: int, sigma: float) -> tuple[float, ...]:
    weights = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    return tuple(weights / weights.sum())


GAUSSIAN = Window(_gaussian(11, 1.5))
"""Wang et al.'s: 11 x 11, sigma 1.5, population moments."""
UNIFORM = Window((1 / 7,) * 7, unbiased=49 / 48)
"""scikit-image's default: 7 x 7, sample moments."""


def working_type(shape: tuple[int, ...]) -> type:
    """The type that an (H, W, ...) image is compared in: float32, twice as fast, where the pixels are many."""
    return np.float32 if shape[0] * shape[1] >= _MANY else np.float64


def psnr(estimate: Reals, truth: Reals) -> float:
    """Peak signal-to-noise ratio in dB over all values, peak 255; inf where they are equal.

    Raises:
        ValueError: if the shapes differ (nothing is broadcast).
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"expected equal shapes, got {estimate.shape} and {truth.shape}")
    difference = np.subtract(estimate, truth, dtype=np.float64).ravel()
    return psnr_of(float(difference @ difference) / difference.size)


def psnr_of(mean_square: float) -> float:
    """PSNR in dB of a mean squared error on the scale 0 to 255; inf for none."""
    return float("inf") if mean_square <= 0 else float(10 * np.log10(_PEAK**2 / mean_square))


def ssim(estimate: Numbers, truth: Numbers, *, window: Window = GAUSSIAN, dtype: type = np.float64) -> float:
    """Mean SSIM where the window lies inside, averaged over the planes.

    K1 = 0.01, K2 = 0.03, peak 255, no downsampling: ssim_index.m of Wang et al. for the Gaussian.

    Args:
        estimate, truth: (C, H, W) or (H, W), 0 to 255.
        dtype: float64 or, see working_type, float32.

    Raises:
        ValueError: if the shapes differ or a side is below the window's.
    """
    if estimate.shape != truth.shape or min(truth.shape[-2:]) < window.size:
        raise ValueError(f"expected equal shapes of at least {window.size} a side, got {estimate.shape}, {truth.shape}")
    planes = (np.atleast_3d(image) if image.ndim == 3 else image[None] for image in (estimate, truth))
    total, count = 0.0, 0
    centres = _centres(estimate, truth) if dtype == np.float32 else (0.0, 0.0)
    for moments in local_moments(*planes, window=window, centres=centres, dtype=dtype):
        similarity = ssim_map(moments, window, centres)
        total += float(similarity.sum(dtype=np.float64))
        count += similarity.size
    return total / count


def _centres(estimate: Numbers, truth: Numbers) -> tuple[float, float]:
    """Whole numbers near the means of sum and difference: what float32 squares should be of what is left."""
    means = float(estimate.mean()), float(truth.mean())
    return float(round(means[0] + means[1])), float(round(means[0] - means[1]))


def local_moments(
    estimate: Numbers,
    truth: Numbers,
    *,
    window: Window,
    centres: tuple[float, float] = (0.0, 0.0),
    dtype: type = np.float64,
) -> Iterator[Reals]:
    """Local means of s, d, s^2 and d^2, with s the sum of the images and d their difference, each less its centre.

    Sum and difference say all that SSIM asks of the two images, by one field less than themselves. Strip by strip from
    the top, each of them a matrix product with a band of weights a block: BLAS is faster than a loop over taps.

    Args:
        estimate, truth: (C, H, W), 0 to 255.

    Yields: (4, C, h, W - size + 1), the strips' heights h sum up to H - size + 1; valid until the next.
    """
    k, (channels, height, width) = window.size, truth.shape
    band = _band(window, dtype)
    strip = max(_STRIP // channels, 1)
    fields, down, means = (np.empty(4 * channels * (strip + k - 1) * width, dtype) for _ in range(3))  # for every strip
    for top in range(0, height - k + 1, strip):
        h = min(strip, height - k + 1 - top)
        local = _view(fields, (4, channels, h + k - 1, width))
        rows = slice(top, top + h + k - 1)
        np.add(estimate[:, rows], truth[:, rows], out=local[0], dtype=dtype, casting="same_kind")
        np.subtract(estimate[:, rows], truth[:, rows], out=local[1], dtype=dtype, casting="same_kind")
        for field, centre in zip(local, centres, strict=False):
            if centre:
                field -= centre
        np.square(local[:2], out=local[2:])
        columns = np.matmul(band[:h, : h + k - 1], local, out=_view(down, (4, channels, h, width)))
        yield _across(columns, _view(means, (4, channels, h, width - k + 1)), band, k)


def _view(memory: Reals, shape: tuple[int, ...]) -> Reals:
    return memory[: math.prod(shape)].reshape(shape)


def _across(columns: Reals, means: Reals, band: Reals, k: int) -> Reals:
    """The window's mean along the last axis, where it lies inside."""
    flat, out = (array.reshape(-1, array.shape[-1]) for array in (columns, means))
    for left in range(0, out.shape[1], _BLOCK):
        w = min(_BLOCK, out.shape[1] - left)
        np.matmul(flat[:, left : left + w + k - 1], band[:w, : w + k - 1].T, out=out[:, left : left + w])
    return means


def _band(window: Window, dtype: type) -> Reals:
    """(n, n + size - 1) with the weights along its diagonal."""
    size = max(_STRIP, _BLOCK)
    band: Reals = np.zeros((size, size + window.size - 1), dtype)
    for i in range(size):
        band[i, i : i + window.size] = window.weights
    return band


def ssim_map(moments: Reals, window: Window, centres: tuple[float, float] = (0.0, 0.0)) -> Reals:
    """SSIM pixel by pixel.

    With S and D the local means of sum and difference, 4 mean1 mean2 = S^2 - D^2 and 2 (mean1^2 + mean2^2) = S^2 + D^2;
    so for the variances.

    Args:
        moments: (4, ...) of local_moments with the same centres; overwritten.
    """
    c1, c2 = 2 * (_K1 * _PEAK) ** 2, 2 * (_K2 * _PEAK) ** 2 / window.unbiased
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
        raise DataError(f"{protocol}: expected frames of at least {needed} pixels a side, got {shape[1]}x{shape[0]}; "
                        "score smaller ones with another protocol")  # fmt: skip
