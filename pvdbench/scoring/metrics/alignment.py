"""Alignment of an estimate with its truth, as the paper's protocol does it (Sec. 4.2): crop, gain, shift, luma.

As the authors' MATLAB evaluation computes it, which does more than the paper says: 16 pixels cropped from each side
before anything else, the estimate scaled by a least-squares gain, the shift in whole pixels, uncovered pixels zero
in both images, then luma.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.images import Frame
from pvdbench.scoring.metrics.psnr import Reals, psnr, psnr_of
from pvdbench.scoring.metrics.registration import Correlation, moved, moved_finely, overlap
from pvdbench.scoring.metrics.ssim import working_type

CROP = 16
_THOUSANDTHS = (299, 587, 114)
_LUMA = (0.299, 0.587, 0.114)  # MeTriX MuX, preprocess_metrix_mux.m
_CLOSE = 100.0  # dB from which on rounding could show, so that whole numbers decide
_SAME = 250.0  # dB that only the rounding of float64 keeps from being infinite
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
    def _read(self) -> tuple[_Image, _Image, tuple[int, int, int]]:
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
        return *images, (int(products[0]), int(products[1]), int(products[2]))

    @cached_property
    def gain(self) -> float:
        """Factor of the estimate: sum(x z) / sum(z z); 1 for a black estimate, which no gain can mend."""
        return self._ratio[0] / self._ratio[1]

    @property
    def _ratio(self) -> tuple[int, int]:
        """The gain as numerator and denominator in whole numbers, without a common divisor."""
        _, across, energy = self._read[2]
        common = math.gcd(across, energy)
        return (across // common, energy // common) if energy else (1, 1)

    @cached_property
    def one_colour(self) -> bool:
        """Whether all pixels of the truth are alike, black or another card: no gain or shift can be told from it."""
        first = self._truth[0, 0]
        ends = self._truth[-1, -1], self._truth[0, -1], self._truth[len(self._truth) // 2, self._truth.shape[1] // 2]
        return all((end == first).all() for end in ends) and bool((self._truth == first).all())

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
    def psnr_luma(self) -> float:
        """PSNR (dB) of luma; infinite where gain and shift make the two equal, which whole numbers decide."""
        if (fast := psnr(*self.luma)) < _CLOSE:
            return fast
        over, under = self._ratio
        exact = np.int64 if max(over, under) < 2**45 else object
        landed, source = overlap(self.shift, self._truth.shape)
        x, z = (_thousandths(self._truth[landed]).astype(exact), _thousandths(self._estimate[source]).astype(exact))
        difference = (under * x - over * z).astype(np.float64) / under
        return psnr_of(float(np.square(difference).sum()) / 1000**2 / self._read[1].luma.size)

    def fine_psnr_luma(self, parts: int) -> float:
        """The same after fine_shift; infinite where nothing but rounding is left."""
        if (fast := psnr(*self.fine_luma(parts))) < _CLOSE:
            return fast
        truth, estimate = (_thousandths(frame) / 1000 for frame in (self._truth, self._estimate))
        moving, covered = moved_finely(estimate * self.gain, self.fine_shift(parts))
        value = psnr(moving, _only(truth, covered))
        return math.inf if value > _SAME else value

    @property
    def psnr_cropped(self) -> float:
        """RGB PSNR (dB) after the crop alone."""
        return self._psnr(self._read[2], (1, 1))

    @property
    def psnr_scaled(self) -> float:
        """RGB PSNR (dB) after crop and gain."""
        return self._psnr(self._read[2], self._ratio)

    @property
    def psnr_shifted(self) -> float:
        """RGB PSNR (dB) after crop, gain and shift; what the estimate does not reach counts as equal."""
        if self.shift == (0, 0):
            return self.psnr_scaled
        landed, source = overlap(self.shift, self._truth.shape)
        x, z = self._truth[landed].astype(np.float64).ravel(), self._estimate[source].astype(np.float64).ravel()
        return self._psnr((int(x @ x), int(x @ z), int(z @ z)), self._ratio)

    def _psnr(self, products: tuple[int, int, int], gain: tuple[int, int]) -> float:
        """In whole numbers but for the last division, so that equal images, and they alone, are infinite."""
        (truth, across, estimate), (over, under) = products, gain
        squares = under**2 * truth - 2 * over * under * across + over**2 * estimate
        return psnr_of(squares / (under**2 * self._truth.size))


def weighted(frame: Reals, weights: tuple[float, float, float]) -> Reals:
    """Sum the channels of an (H, W, 3) frame, weighted; in a fixed order, as psnr.py says."""
    red, green, blue = weights
    return np.asarray(frame[..., 0] * red + frame[..., 1] * green + frame[..., 2] * blue)


def _thousandths(frame: Frame) -> NDArray[np.int64]:
    """Luma in thousandths of a grey level, exactly."""
    red, green, blue = (frame[..., channel].astype(np.int64) * weight for channel, weight in enumerate(_THOUSANDTHS))
    return red + green + blue


def _only(image: Reals, part: tuple[slice, slice]) -> Reals:
    """The image, zero outside a part of it."""
    if image[part].shape == image.shape:
        return image
    kept = np.zeros_like(image)
    kept[part] = image[part]
    return kept
