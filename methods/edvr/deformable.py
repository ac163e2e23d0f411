"""Modulated deformable convolution (Zhu et al., CVPR 2019), EDVR's way of aligning features, in plain PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.warp import pixel_grid

KERNEL = 3
TAPS = KERNEL * KERNEL


def deformable_convolution(image: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve by 3x3 taps that each read, bilinearly, where offset says; outside the image is 0.

    output(p) = bias + sum over taps k of weight_k * mask_k(p) * image(p + k + offset_k(p)).

    Args:
        image: (B, C, H, W), its channels in G groups that share offsets.
        offset: (B, G * 9 * 2, H, W) in pixels: of each group and tap, row by row, y and then x.
        mask: (B, G * 9, H, W).
        weight: (O, C, 3, 3).
        bias: (O,).

    Returns: (B, O, H, W).
    """
    b, c, h, w = image.shape
    groups = mask.shape[1] // TAPS
    reach = torch.arange(KERNEL, device=image.device, dtype=image.dtype) - KERNEL // 2
    taps = torch.stack(torch.meshgrid(reach, reach, indexing="ij")).flatten(1).T  # (9, 2), y and x
    positions = offset.reshape(b * groups, TAPS, 2, h, w) + taps[:, :, None, None] + pixel_grid(h, w, image).flip(0)
    scale = image.new_tensor([2 / max(w - 1, 1), 2 / max(h - 1, 1)])
    grid = positions.flip(2).permute(0, 1, 3, 4, 2).reshape(b * groups, TAPS * h, w, 2) * scale - 1
    samples = F.grid_sample(
        image.reshape(b * groups, c // groups, h, w), grid, padding_mode="zeros", align_corners=True
    )
    samples = samples.view(b * groups, c // groups, TAPS, h * w) * mask.reshape(b * groups, 1, TAPS, h * w)
    columns = samples.view(b, c * TAPS, h * w)
    return (weight.flatten(1) @ columns).view(b, -1, h, w) + bias[:, None, None]


class DeformableConvolution(nn.Module):
    """The convolution whose offsets and mask a convolution of its own reads out of other features."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, KERNEL, KERNEL))
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.conv_offset = nn.Conv2d(channels, groups * TAPS * 3, KERNEL, padding=1)
        nn.init.zeros_(self.conv_offset.weight)  # at the start a plain convolution, halved by the mask
        assert self.conv_offset.bias is not None
        nn.init.zeros_(self.conv_offset.bias)

    def forward(self, image: Tensor, features: Tensor) -> Tensor:
        """(B, C, H, W) image and features of where to look, to (B, C, H, W)."""
        values = self.conv_offset(features)
        offset, mask = values.split((values.shape[1] // 3 * 2, values.shape[1] // 3), 1)
        return deformable_convolution(image, offset, mask.sigmoid(), self.weight, self.bias)
