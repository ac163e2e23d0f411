"""FlowNet2's backward warping (Ilg et al., CVPR 2017), which repeats the border where core/warp.py has zeros."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.core.warp import pixel_grid


def resample(image: Tensor, flow: Tensor) -> Tensor:
    """Sample image where flow points, bilinearly; outside the image is its nearest pixel.

    Convention: that of backward_warp; flow is (x, y) in pixels, pixel centres are integers. NVIDIA's kernel weighs the
    four neighbours first and clamps each one's place after; clamping the point first, as here, gives the same values.
    Its gradient of image truncates negative coordinates instead of flooring them; ours is the gradient of the values.

    Args:
        image: (B, C, H, W) floats.
        flow: (B, 2, H, W).

    Raises:
        ValueError: if flow does not match image in B, H and W.
    """
    b, _, h, w = image.shape
    if flow.shape != (b, 2, h, w):
        raise ValueError(f"flow must be {(b, 2, h, w)}, got {tuple(flow.shape)}")
    x, y = (flow + pixel_grid(h, w, flow)).unbind(1)
    grid = torch.stack((x * (2 / max(w - 1, 1)) - 1, y * (2 / max(h - 1, 1)) - 1), dim=-1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)
