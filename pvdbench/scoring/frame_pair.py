"""An estimate and its truth: the pixels, what else is known of the frame, and what protocols share of both."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame
from pvdbench.scoring.metrics.alignment import Alignment
from pvdbench.scoring.metrics.psnr import psnr_of
from pvdbench.scoring.metrics.rgb_ssim import CROP, RgbSimilarity, rgb_similarity

_FITTING = 2**15  # squares of differences of bytes, whose sum fits 32 bits, in which adding is fast

Bytes = NDArray[np.uint8]  # (3, H, W)
Mask = NDArray[np.bool_]  # (H, W)


class FramePair:
    """One frame of a method and the sharp one; each result is computed when a protocol first asks for it.

    Attributes:
        estimate, truth: (H, W, 3) uint8 RGB.
    """

    def __init__(self, estimate: Frame, truth: Frame) -> None:
        """Take two (H, W, 3) uint8 RGB frames.

        Raises:
            ValueError: if their shapes differ.
        """
        if estimate.shape != truth.shape:
            raise ValueError(f"estimate has the shape {estimate.shape}, truth {truth.shape}; give equal shapes")
        self.estimate, self.truth = estimate, truth

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self.truth.shape

    @property
    def before(self) -> "FramePair | None":
        """The frame before this one in its clip; None for the first, and where frames have no order."""
        return None

    @property
    def flow(self) -> Flow | None:
        """(H, W, 2) that a method estimated from this frame to the one before it; None for deblurred frames."""
        return None

    @property
    def true_flow(self) -> Flow | None:
        """(H, W, 2) true flow from this frame to the one before it, where the data set has it."""
        return None

    @property
    def occluded(self) -> Mask | None:
        """(H, W): what the frame before does not show, where the data set says so."""
        return None

    @property
    def truth_flow(self) -> Flow | None:
        """(H, W, 2) estimated from this sharp frame to the one before it, where `data/truth` holds it.

        It does where the data set has no true flow.
        """
        return None

    @property
    def truth_flow_from_before(self) -> Flow | None:
        """(H, W, 2) estimated from the sharp frame before to this one, where `data/truth` holds it."""
        return None

    @cached_property
    def alignment(self) -> Alignment:
        """Crop, gain, shift and luma as the paper's protocol has them."""
        return Alignment(self.estimate, self.truth)

    @cached_property
    def planes(self) -> tuple[Bytes, Bytes]:
        """Estimate and truth, channel by channel."""
        first, second = (np.ascontiguousarray(frame.transpose(2, 0, 1)) for frame in (self.estimate, self.truth))
        return first, second

    @cached_property
    def _row_squares(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Squared RGB distances summed along each row: of the whole frame, and within CROP of its sides."""
        estimate, truth = (frame.reshape(len(frame), -1) for frame in (self.estimate, self.truth))
        difference = np.subtract(estimate, truth, dtype=np.int16)
        sides = np.r_[: 3 * CROP, -3 * CROP : 0]
        return _row_squares(difference), _row_squares(difference[:, sides])

    def rgb_psnr(self) -> float:
        """PSNR over all RGB samples, in dB."""
        return psnr_of(int(self._row_squares[0].sum()) / self.truth.size)

    def cropped_rgb_psnr(self) -> float:
        """PSNR over all RGB samples but those within CROP pixels of a side, in dB."""
        rows, edges = self._row_squares
        height, width, channels = self.shape
        samples = (height - 2 * CROP) * (width - 2 * CROP) * channels
        return psnr_of(int((rows - edges)[CROP : height - CROP].sum()) / samples)

    @cached_property
    def rgb_similarity(self) -> RgbSimilarity:
        """The Gaussian SSIMs of the RGB protocols."""
        return rgb_similarity(*self.planes)


def _row_squares(difference: NDArray[np.int16]) -> NDArray[np.int64]:
    """Add up the squares of each row, exactly at any width."""
    total = np.zeros(len(difference), np.int64)
    for left in range(0, difference.shape[1], _FITTING):
        part = difference[:, left : left + _FITTING]
        total += np.einsum("ij,ij->i", part, part, dtype=np.int32)
    return total
