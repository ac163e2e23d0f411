"""The cost volume of LiteFlowNet (Hui et al., CVPR 2018): correlation over 7 x 7 displacements."""

import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS = 3


def cost_volume(first: Tensor, second: Tensor) -> Tensor:
    """Mean over channels of first(p) * second(p + d), d over 7 x 7 displacements; outside is 0.

    The original's "stride 2" (displacements and positions both doubled) is this on maps of every second pixel.
    One row of displacements at a time: memory stays at 7 times a feature map.

    Args:
        first, second: (B, C, H, W).

    Returns: (B, 49, H, W), y of the displacement outer, x inner, each from -3.
    """
    h, w = first.shape[-2:]
    padded = F.pad(second, (RADIUS,) * 4)
    rows = []
    for dy in range(2 * RADIUS + 1):
        windows = padded[:, :, dy : dy + h].unfold(3, w, 1)  # (B, C, H, 7, W), a view
        rows.append((first[:, :, :, None] * windows).mean(1))  # (B, H, 7, W)
    return torch.cat(rows, 2).transpose(1, 2)
