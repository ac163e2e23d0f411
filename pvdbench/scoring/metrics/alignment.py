"""Alignment of an estimate with its truth, as the paper's protocol does it (Sec. 4.2): crop, gain, shift, luma.

As the authors' MATLAB evaluation computes it, which does more than the paper says: 16 pixels cropped from each side
before anything else, the estimate scaled by a least-squares gain, the shift in whole pixels, uncovered pixels zero
in both images, then luma.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.images import Frame
from pvdbench.scoring.metrics.psnr import Reals, psnr_of
from pvdbench.scoring.metrics.registration import Correlation, moved, moved_finely, overlap
from pvdbench.scoring.metrics.ssim import working_type

CROP = 16
_LUMA = (0.299, 0.587, 0.114)  # MeTriX MuX, preprocess_metrix_mux.m
_MIDDLE = 382.5  # of the sum of three bytes
_STRIP = 32  # rows at a time, so that they stay in the processor's cache


@dataclass(frozen=True)
class _Image:
    """Luma, and the sum of the channels less half its range, both from one reading of the bytes."""

    luma: Reals
    channel_sum: NDArray[np.float32]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "_Image":
        return cls(np.empty(shape[:2], working_type(shape)), np.empty(shape[:2], np.float32))


class Alignment:
    """An estimate and its truth, cropped; each step is computed when first asked for and kept."""

    def __init__(self, estimate: Frame, truth: Frame, *, crop: int = CROP) -> None:
        """Take two (H, W, 3) uint8 RGB frames; crop pixels are removed from each side."""
        height, width, _ = truth.shape
        inner = (slice(crop, height - crop), slice(crop, width - crop))
        self._truth, self._estimate = truth[inner], estimate[inner]

    @cached_property
    def _read(self) -> tuple[_Image, _Image, tuple[float, float, float]]:
        """Read both images once, with the sums of x x, x z and z z over all samples, x truth and z estimate.

        The sums are exact in any order, as they are of whole numbers.
        """
        images = _Image.empty(self._truth.shape), _Image.empty(self._truth.shape)
        products = np.zeros(3)
        for top in range(0, len(self._truth), _STRIP):
            rows = slice(top, top + _STRIP)
            z, x = (frame[rows].astype(np.float64) for frame in (self._estimate, self._truth))
            for image, values in zip(images, (z, x), strict=True):
                image.luma[rows] = weighted(values, _LUMA)
                image.channel_sum[rows] = values.sum(-1) - _MIDDLE
            x, z = x.ravel(), z.ravel()
            products += x @ x, x @ z, z @ z
        return *images, (float(products[0]), float(products[1]), float(products[2]))

    @cached_property
    def gain(self) -> float:
        """Factor of the estimate: sum(x z) / sum(z z); 1 for a black estimate, which no gain can mend."""
        _, across, energy = self._read[2]
        return across / energy if energy else 1.0

    @cached_property
    def _correlation(self) -> Correlation:
        estimate, truth, _ = self._read
        return Correlation(truth.channel_sum, estimate.channel_sum)

    @cached_property
    def shift(self) -> tuple[int, int]:
        """Whole pixels (y, x) that the estimate is moved, by the correlation of the channel means."""
        return self._correlation.whole

    def fine_shift(self, parts: int) -> tuple[float, float]:
        """The same in steps of 1 / parts of a pixel."""
        return self._correlation.fine(parts)

    @cached_property
    def luma(self) -> tuple[Reals, Reals]:
        """The estimate scaled and moved, and the truth: (H, W) each, zero where the moved estimate does not reach."""
        truth = self._read[1]
        landed, _ = overlap(self.shift, truth.luma.shape)
        return moved(self._scaled, self.shift), _only(truth.luma, landed)

    def fine_luma(self, parts: int) -> tuple[Reals, Reals]:
        """The same, moved by fine_shift."""
        estimate, covered = moved_finely(self._scaled, self.fine_shift(parts))
        return estimate, _only(self._read[1].luma, covered)

    @property
    def _scaled(self) -> Reals:
        """The gain stays in float64: rounded, it would err alike in every pixel."""
        luma = self._read[0].luma
        return np.multiply(luma, self.gain, out=np.empty_like(luma), dtype=np.float64, casting="same_kind")

    @property
    def psnr_cropped(self) -> float:
        """RGB PSNR (dB) after the crop alone."""
        return self._psnr(self._read[2], gain=1.0)

    @property
    def psnr_scaled(self) -> float:
        """RGB PSNR (dB) after crop and gain."""
        return self._psnr(self._read[2], gain=self.gain)

    @property
    def psnr_shifted(self) -> float:
        """RGB PSNR (dB) after crop, gain and shift; what the estimate does not reach counts as equal."""
        if self.shift == (0, 0):
            return self.psnr_scaled
        landed, source = overlap(self.shift, self._truth.shape)
        x, z = self._truth[landed].astype(np.float64).ravel(), self._estimate[source].astype(np.float64).ravel()
        return self._psnr((float(x @ x), float(x @ z), float(z @ z)), gain=self.gain)

    def _psnr(self, products: tuple[float, float, float], *, gain: float) -> float:
        truth, across, estimate = products
        return psnr_of((truth - 2 * gain * across + gain * gain * estimate) / self._truth.size)


def weighted(frame: Reals, weights: tuple[float, float, float]) -> Reals:
    """Sum the channels of an (H, W, 3) frame, weighted; in a fixed order, as psnr.py says."""
    red, green, blue = weights
    return np.asarray(frame[..., 0] * red + frame[..., 1] * green + frame[..., 2] * blue)


def _only(image: Reals, part: tuple[slice, slice]) -> Reals:
    """The image, zero outside a part of it."""
    if image[part].shape == image.shape:
        return image
    kept = np.zeros_like(image)
    kept[part] = image[part]
    return kept
