"""An estimate and its truth, read once, with what several protocols need of them computed once."""

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
from pvdbench.io.images import Frame, read_frame
from pvdbench.scoring.metrics.alignment import Alignment
from pvdbench.scoring.metrics.rgb_ssim import CROP, RgbSimilarity, rgb_similarity
from pvdbench.scoring.metrics.ssim import psnr_of


def read_estimate(path: Path, truth: Frame, truth_path: Path) -> Frame:
    """Read the estimate of a frame.

    Raises:
        DataError: if it is missing, damaged or not of the truth's size.
    """
    estimate = read_frame(path)
    if estimate.shape != truth.shape:
        raise DataError(f"{path}: expected {truth.shape[1]}x{truth.shape[0]} as {truth_path}, got "
                        f"{estimate.shape[1]}x{estimate.shape[0]}; make it again")  # fmt: skip
    return estimate


Bytes = NDArray[np.uint8]  # (3, H, W)


class Pair:
    """One frame of a method and the sharp one; each result is computed when a protocol first asks for it."""

    def __init__(self, estimate: Frame, truth: Frame) -> None:
        """Take two (H, W, 3) uint8 RGB frames.

        Raises:
            ValueError: if their shapes differ.
        """
        if estimate.shape != truth.shape:
            raise ValueError(f"expected equal shapes, got {estimate.shape} and {truth.shape}")
        self.estimate, self.truth = estimate, truth

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self.truth.shape

    @cached_property
    def alignment(self) -> Alignment:
        """The paper's."""
        return Alignment(self.estimate, self.truth)

    @cached_property
    def planes(self) -> tuple[Bytes, Bytes]:
        """Estimate and truth, channel by channel."""
        return tuple(np.ascontiguousarray(frame.transpose(2, 0, 1)) for frame in (self.estimate, self.truth))  # type: ignore[return-value]  # two

    @cached_property
    def _row_squares(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Squared RGB distances summed along each row: of the whole frame, and within CROP of its sides."""
        estimate, truth = (frame.reshape(len(frame), -1) for frame in (self.estimate, self.truth))
        difference = np.subtract(estimate, truth, dtype=np.int16)
        sides = np.r_[: 3 * CROP, -3 * CROP : 0]
        rows, edges = (np.einsum("ij,ij->i", d, d, dtype=np.int32) for d in (difference, difference[:, sides]))
        return rows.astype(np.int64), edges.astype(np.int64)  # a row of up to 11,000 pixels fits 32 bits

    def rgb_psnr(self) -> float:
        """RGB PSNR in dB."""
        return psnr_of(int(self._row_squares[0].sum()) / self.truth.size)

    def cropped_rgb_psnr(self) -> float:
        """RGB PSNR in dB without CROP pixels at each side."""
        rows, edges = self._row_squares
        height, width, channels = self.shape
        samples = (height - 2 * CROP) * (width - 2 * CROP) * channels
        return psnr_of(int((rows - edges)[CROP : height - CROP].sum()) / samples)

    @cached_property
    def rgb_similarity(self) -> RgbSimilarity:
        """The Gaussian SSIMs of the RGB protocols."""
        return rgb_similarity(*self.planes)
