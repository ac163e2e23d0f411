"""One value a pixel out of a pixel volume: Fig. 4's majority-based and ideal warping."""

import torch
from torch import Tensor


def most_frequent(volume: Tensor) -> Tensor:
    """The mode of each pixel's candidates, counted on the 256 values of a byte; among equals the first candidate's.

    Args:
        volume: (B, K, H, W) in [-1, 1].

    Returns: (B, 1, H, W), the candidate's own value.
    """
    values = ((volume + 1) * 127.5).round()
    counts = torch.stack([(values == values[:, [k]]).sum(1) for k in range(volume.shape[1])], 1)
    return volume.gather(1, counts.argmax(1, keepdim=True))


def nearest(volume: Tensor, truth: Tensor) -> Tensor:
    """The candidate that comes closest to the truth: what a perfect choice could make of the volume.

    Args:
        volume: (B, K, H, W).
        truth: (B, 1, H, W).

    Returns: (B, 1, H, W).
    """
    return volume.gather(1, (volume - truth).abs().argmin(1, keepdim=True))
