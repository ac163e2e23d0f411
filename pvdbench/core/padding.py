"""Pad frames to sides that a network can halve as often as it must, by repeating the edge."""

import torch.nn.functional as F
from torch import Tensor


def padded(frames: Tensor, multiple: int) -> Tensor:
    """Repeat the right and bottom edges until both sides are multiples.

    Args:
        frames: (..., C, H, W).

    Returns: (..., C, H', W'), H' and W' the next multiples.
    """
    h, w = frames.shape[-2:]
    flat = F.pad(frames.reshape(-1, 1, h, w), (0, -w % multiple, 0, -h % multiple), mode="replicate")
    return flat.view(*frames.shape[:-2], *flat.shape[-2:])
