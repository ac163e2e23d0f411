"""Backward warping, the Warp of Eq. (1): the sampling layer of Jaderberg et al. (NeurIPS 2015)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Make (2, H, W) of (x, y) pixel coordinates, in the type and on the device of like."""
    y, x = torch.meshgrid(
        torch.arange(height, dtype=like.dtype, device=like.device),
        torch.arange(width, dtype=like.dtype, device=like.device),
        indexing="ij",
    )
    return torch.stack((x, y))


def backward_warp(image: Tensor, flow: Tensor, *, beyond: Literal["zeros", "border"] = "zeros") -> Tensor:
    """Sample image where flow points, bilinearly.

    Convention: flow is (x, y) in pixels, from the output grid into image; pixel centres are integers
    (align_corners=True), as in the authors' models/utils.py.

    Args:
        image: (B, C, H, W) floats; along a side of 1 pixel any flow reads that pixel.
        flow: (B, 2, H, W).
        beyond: what lies outside the image: 0, as in the authors' code, or its nearest pixel, as in FlowNet2. NVIDIA's
            kernel weighs the four neighbours first and clamps each one's place after; clamping the point first, as
            here, gives the same values.

    Raises:
        ValueError: if flow does not match image in B, H and W.
    """
    b, _, h, w = image.shape
    if flow.shape != (b, 2, h, w):
        raise ValueError(f"flow must be {(b, 2, h, w)}, got {tuple(flow.shape)}")
    x, y = (flow + pixel_grid(h, w, flow)).unbind(1)
    grid = torch.stack((x * (2 / max(w - 1, 1)) - 1, y * (2 / max(h - 1, 1)) - 1), dim=-1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode=beyond, align_corners=True)


def inside(flow: Tensor) -> Tensor:
    """Tell where flow stays in the image: (B, 1, H, W) bool."""
    _, _, h, w = flow.shape
    x, y = (flow + pixel_grid(h, w, flow)).unbind(1)
    return ((x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1))[:, None]
