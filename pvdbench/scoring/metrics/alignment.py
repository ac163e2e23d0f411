"""Alignment of an estimate with its truth, as the paper's protocol does it (Sec. 4.2): crop, gain, shift, luma.

As the authors' MATLAB evaluation computes it, which does more than the paper says: 16 pixels cropped from each side
before anything else, the estimate scaled by a least-squares gain, the shift in whole pixels, uncovered pixels zero
in both images, then luma.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.images import Frame
from pvdbench.scoring.metrics.opencv import plain_opencv
from pvdbench.scoring.metrics.psnr import Reals, psnr, psnr_of
from pvdbench.scoring.metrics.registration import Correlation, moved, moved_finely, overlap
from pvdbench.scoring.metrics.ssim import working_type

CROP = 16
_THOUSANDTHS = (299, 587, 114)  # MeTriX MuX, preprocess_metrix_mux.m
_CLOSE = 100.0  # dB from which on rounding could show, so that whole numbers decide
_SAME = 250.0  # dB that only the rounding of float64 keeps from being infinite
_MIDDLE = 382.5  # of the sum of three bytes
_STRIP = 64  # rows at a time, so that they stay in the processor's cache


@dataclass(frozen=True)
class _Image:
    """Luma in thousandths of a grey level, and the sum of the channels less half its range; both are exact."""

    thousandths: Reals
    channel_sum: NDArray[np.float32]

    @classmethod
    def of(cls, frame: Frame) -> "_Image":
        import cv2

        shape = frame.shape[:2]
        planes = cv2.split(frame)
        image = cls(np.empty(shape, working_type(shape)), np.empty(shape, np.float32))
        for top in range(0, shape[0], _STRIP):
            rows = slice(top, top + _STRIP)
            red, green, blue = (plane[rows] for plane in planes)
            weighted((red, green, blue), _THOUSANDTHS, out=image.thousandths[rows])
            total = np.add(red, green, dtype=np.uint16)
            total += blue
            np.subtract(total, np.float32(_MIDDLE), out=image.channel_sum[rows])
        return image

    @property
    def luma(self) -> Reals:
        return np.asarray(self.thousandths / self.thousandths.dtype.type(1000))


class Alignment:
    """An estimate and its truth, cropped; each step is computed when first asked for and kept."""

    def __init__(self, estimate: Frame, truth: Frame, *, crop: int = CROP) -> None:
        """Take two (H, W, 3) uint8 RGB frames; crop pixels are removed from each side."""
        height, width, _ = truth.shape
        inner = (slice(crop, height - crop), slice(crop, width - crop))
        self._truth, self._estimate = truth[inner], estimate[inner]

    @cached_property
    def _images(self) -> tuple[_Image, _Image]:
        """The estimate and the truth."""
        return _Image.of(self._estimate), _Image.of(self._truth)

    @cached_property
    def _products(self) -> tuple[int, int, int]:
        return _products(self._truth, self._estimate)

    @cached_property
    def gain(self) -> float:
        """Factor of the estimate: sum(x z) / sum(z z); 1 for a black estimate, which no gain can mend."""
        return self._ratio[0] / self._ratio[1]

    @property
    def _ratio(self) -> tuple[int, int]:
        """The gain as numerator and denominator in whole numbers, without a common divisor."""
        _, across, energy = self._products
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
        estimate, truth = self._images
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
        landed, _ = overlap(self.shift, self._truth.shape)
        return moved(self._scaled, self.shift), _only(self._images[1].luma, landed)

    def fine_luma(self, parts: int) -> tuple[Reals, Reals]:
        """The same, moved by fine_shift."""
        estimate, covered = moved_finely(self._scaled, self.fine_shift(parts))
        return estimate, _only(self._images[1].luma, covered)

    @property
    def _scaled(self) -> Reals:
        """The gain stays in float64: rounded, it would err alike in every pixel."""
        luma = self._images[0].luma
        return np.multiply(luma, self.gain, out=luma, dtype=np.float64, casting="same_kind")

    @property
    def psnr_luma(self) -> float:
        """PSNR (dB) of luma; infinite where gain and shift make the two equal, which whole numbers decide."""
        if (fast := psnr(*self.luma)) < _CLOSE:
            return fast
        over, under = self._ratio
        exact = np.int64 if max(over, under) < 2**45 else object
        landed, source = overlap(self.shift, self._truth.shape)
        estimate, truth = (image.thousandths.astype(np.int64) for image in self._images)
        x, z = truth[landed].astype(exact), estimate[source].astype(exact)
        difference = (under * x - over * z).astype(np.float64) / under
        return psnr_of(float(np.square(difference).sum()) / 1000**2 / truth.size)

    def fine_psnr_luma(self, parts: int) -> float:
        """The same after fine_shift; infinite where nothing but rounding is left."""
        if (fast := psnr(*self.fine_luma(parts))) < _CLOSE:
            return fast
        estimate, truth = (image.thousandths.astype(np.float64) / 1000 for image in self._images)
        moving, covered = moved_finely(estimate * self.gain, self.fine_shift(parts))
        value = psnr(moving, _only(truth, covered))
        return math.inf if value > _SAME else value

    @property
    def psnr_cropped(self) -> float:
        """RGB PSNR (dB) after the crop alone."""
        return self._psnr(self._products, (1, 1))

    @property
    def psnr_scaled(self) -> float:
        """RGB PSNR (dB) after crop and gain."""
        return self._psnr(self._products, self._ratio)

    @property
    def psnr_shifted(self) -> float:
        """RGB PSNR (dB) after crop, gain and shift; what the estimate does not reach counts as equal."""
        if self.shift == (0, 0):
            return self.psnr_scaled
        landed, source = overlap(self.shift, self._truth.shape)
        return self._psnr(_products(self._truth[landed], self._estimate[source]), self._ratio)

    def _psnr(self, products: tuple[int, int, int], gain: tuple[int, int]) -> float:
        """In whole numbers but for the last division, so that equal images, and they alone, are infinite."""
        (truth, across, estimate), (over, under) = products, gain
        squares = under**2 * truth - 2 * over * under * across + over**2 * estimate
        return psnr_of(squares / (under**2 * self._truth.size))


def weighted(planes: Iterable[NDArray[Any]], weights: tuple[int, int, int], *, out: NDArray[Any]) -> None:
    """Sum three planes of bytes, weighted by whole numbers, into out, whose type must hold the sums exactly."""
    out[...] = 0
    part = np.empty_like(out)
    for plane, weight in zip(planes, weights, strict=True):
        out += np.multiply(plane, weight, out=part, dtype=out.dtype)


def _products(truth: Frame, estimate: Frame) -> tuple[int, int, int]:
    """The sums of x x, x z and z z over all samples, x truth and z estimate, exactly."""
    import cv2

    if not truth.size:
        return 0, 0, 0
    with plain_opencv():  # adds whole numbers, in 32 bits by blocks
        x, z = (round(cv2.norm(frame, cv2.NORM_L2SQR)) for frame in (truth, estimate))
        return x, (x + z - round(cv2.norm(truth, estimate, cv2.NORM_L2SQR))) // 2, z


def _only(image: Reals, part: tuple[slice, slice]) -> Reals:
    """The image, zero outside a part of it."""
    if image[part].shape == image.shape:
        return image
    kept = np.zeros_like(image)
    kept[part] = image[part]
    return kept
