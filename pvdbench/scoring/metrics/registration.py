"""The global translation of Koehler et al. (ECCV 2012): where two images correlate best, and moving one there."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Plane = NDArray[np.floating]  # (H, W)

_ROUNDING = 1e-5  # a float32 transform errs by less than this, relative to the largest possible correlation
_TIE = 1e-12  # correlations nearer to the largest than this, relative to the largest possible, tie with it
_FEW = 32  # so many candidates are compared exactly; more lie in a pattern that repeats
_REACH = 1.5  # pixels around the whole-pixel maximum that are searched more finely, as Guizar-Sicairos et al. do


class Correlation:
    """The circular cross-correlation of two images (dftregistration of Guizar-Sicairos et al., Opt. Lett. 2008).

    Plain cross-correlation, whose maximum a bright region can draw away from the true shift; so does the authors'
    program (pair 03 of the recorded truth). Means are removed first, which moves no maximum and keeps what matters of
    float32; candidates too close to call are then compared in exact sums, so that the shift is that of the definition.
    """

    def __init__(self, truth: Plane, estimate: Plane) -> None:
        """Take two (H, W) float32 images around 0 of whole numbers and halves below 2^10: sums of three bytes."""
        self._truth, self._estimate = truth, estimate
        energies = [float(np.vdot(image, image)) for image in (truth, estimate)]
        self._bound = float(np.sqrt(energies[0] * energies[1]))  # no correlation is larger
        self._cross, other = fft.rfft2(truth), fft.rfft2(estimate)
        self._cross *= np.conj(other, out=other)
        self._cross[0, 0] = 0  # the means

    @cached_property
    def whole(self) -> tuple[int, int]:
        """How far (y, x) the estimate must move to correlate best, in whole pixels; (0, 0) for constant images."""
        height, width = self._truth.shape
        correlation = fft.irfft2(self._cross, (height, width))
        near = np.flatnonzero(correlation >= correlation.max() - _ROUNDING * self._bound)
        if len(near) == correlation.size:
            return 0, 0
        best = divmod(int(near[0]) if len(near) == 1 else self._best(near), width)
        return _signed(best[0], height), _signed(best[1], width)

    def _best(self, near: NDArray[np.intp]) -> int:
        """The best of some places; the first in column order among equals, as MATLAB's max finds it."""
        y, x = np.unravel_index(near, self._truth.shape)
        order = np.lexsort((y, x))
        if len(near) <= _FEW:
            truth, estimate = (image.astype(np.float64) for image in (self._truth, self._estimate))
            exact = np.array([np.vdot(truth, np.roll(estimate, (y[i], x[i]), (0, 1))) for i in order])
        else:
            spectra = [fft.rfft2(image.astype(np.float64)) for image in (self._truth, self._estimate)]
            exact = fft.irfft2(spectra[0] * spectra[1].conj(), self._truth.shape)
            exact = np.round(exact.ravel()[near[order]])
        return int(near[order[exact.argmax()]])

    def fine(self, parts: int) -> tuple[float, float]:
        """The same in steps of 1 / parts of a pixel, by a matrix-product transform around the whole-pixel maximum."""
        span = int(np.ceil(_REACH * parts))
        offsets = (np.arange(span) - span // 2) / parts
        rows, columns = (centre + offsets for centre in self.whole)
        height, width = self._truth.shape
        half = self._cross.astype(np.complex128)
        half[:, 1 : (width + 1) // 2] *= 2  # the other half of the spectrum is the conjugate of this one
        down = np.exp(2j * np.pi * np.outer(rows, fft.fftfreq(height)))
        across = np.exp(2j * np.pi * np.outer(np.arange(width // 2 + 1) / width, columns))
        values = (down @ half @ across).real
        if np.ptp(values) <= _ROUNDING * self._bound * self._truth.size:  # flat: nothing to tell places apart
            return self.whole
        # the first of those that tie but for rounding, which is another one on each processor
        best = int(np.argmax(values >= values.max() - _TIE * self._bound * self._truth.size))
        y, x = divmod(best, values.shape[1])
        return float(rows[y]), float(columns[x])


def _signed(position: int, length: int) -> int:
    return position - length if position >= length // 2 else position


def moved(image: Plane, shift: tuple[int, int]) -> Plane:
    """(H, W) moved down and right by whole pixels, zero where nothing came from."""
    if shift == (0, 0):
        return image
    landed, source = overlap(shift, image.shape)
    out = np.zeros_like(image)
    out[landed] = image[source]
    return out


def overlap(shift: tuple[int, int], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a moved image lands in a frame of this shape, and which part of it does."""
    (y, x), (h, w) = shift, shape[:2]
    landed = slice(max(y, 0), max(h + min(y, 0), 0)), slice(max(x, 0), max(w + min(x, 0), 0))
    return landed, (slice(max(-y, 0), max(h - max(y, 0), 0)), slice(max(-x, 0), max(w - max(x, 0), 0)))


def moved_finely(image: Plane, shift: tuple[float, float]) -> tuple[Plane, tuple[slice, slice]]:
    """(H, W) moved by parts of a pixel: Keys' cubic convolution (IEEE ASSP 1981), axis by axis.

    Returns: the moved image, zero where a tap would lie outside, and the part of it where none does.
    """
    covered = tuple(_covered(by, length) for by, length in zip(shift, image.shape, strict=True))
    rows = _interpolated(image, shift[0], covered[0])
    out = np.zeros_like(image)
    out[covered] = _interpolated(rows.T, shift[1], covered[1]).T
    return out, (covered[0], covered[1])


def _covered(by: float, length: int) -> slice:
    whole, part = divmod(by, 1)
    reach = (2, 1) if part else (0, 0)
    first = min(max(int(whole) + reach[0], 0), length)
    return slice(first, max(min(length + int(whole) - reach[1], length), first))


def _interpolated(image: Plane, by: float, rows: slice) -> Plane:
    """These rows of the image moved down."""
    whole, part = divmod(by, 1)
    sources = [(slice(rows.start - int(whole) - tap, rows.stop - int(whole) - tap), w) for tap, w in _cubic(part)]
    out = sources[0][1] * image[sources[0][0]]
    for source, weight in sources[1:]:
        out += weight * image[source]
    return out


def _cubic(part: float) -> list[tuple[int, float]]:
    """Keys' weights, a = -1/2, of the pixels that lie so many before the one that moves to a place."""
    p, q = part, 1 - part
    weights = {
        0: 0.5 * q * (1 + 4 * q - 3 * q * q),
        1: 0.5 * p * (1 + 4 * p - 3 * p * p),
        2: -0.5 * p * p * q,
        -1: -0.5 * q * q * p,
    }
    return [(tap, weight) for tap, weight in weights.items() if weight]
