"""Cost volumes: the correlation of two feature maps over displacements (FlowNet, LiteFlowNet)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.networks.kernels import kernels_take


def correlation(first: Tensor, second: Tensor, *, radius: int, step: int) -> Tensor:
    """Average first(p) * second(p + step * d) over channels, d over (2 radius + 1)^2 displacements; outside is 0.

    Rows are multiplied as matrices, every column with every other, and the diagonals are kept: more products than
    needed, yet at 720p seven times faster than one displacement at a time, and in less memory.

    Args:
        first, second: (B, C, H, W).
        radius: displacements on each side of 0.
        step: pixels between two displacements; every position p is kept.

    Returns: (B, (2 radius + 1)^2, H, W), y of the displacement outer, x inner, each from -step * radius.
    """
    _, c, h, _ = first.shape
    reach = step * radius
    shifts = range(0, 2 * reach + 1, step)
    rows = first.permute(0, 2, 3, 1) / c  # (B, H, W, C)
    padded = F.pad(second, (reach,) * 4).transpose(1, 2)  # (B, H + 2 reach, C, W + 2 reach)
    costs = []
    for dy in shifts:
        products = rows @ padded[:, dy : dy + h]  # (B, H, W, W + 2 reach)
        costs.append(torch.stack([products.diagonal(dx, 2, 3) for dx in shifts], 1))
    return torch.cat(costs, 1)


RADIUS = 3


def cost_volume(first: Tensor, second: Tensor) -> Tensor:
    """Average first(p) * second(p + d) over channels, d over 7 x 7 displacements; outside is 0.

    The original's "stride 2" (displacements and positions both doubled) is this on maps of every second pixel.
    One row of displacements at a time: memory stays at 7 times a feature map.

    Args:
        first, second: (B, C, H, W).

    Returns: (B, 49, H, W), y of the displacement outer, x inner, each from -3.
    """
    if kernels_take(first, second):
        from pvdbench.networks.triton_cost_volume import cost_volume_by_kernel  # Triton is not everywhere

        return cost_volume_by_kernel(first, second, RADIUS)
    h, w = first.shape[-2:]
    padded = F.pad(second, (RADIUS,) * 4)
    rows = []
    for dy in range(2 * RADIUS + 1):
        windows = padded[:, :, dy : dy + h].unfold(3, w, 1)  # (B, C, H, 7, W), a view
        rows.append((first[:, :, :, None] * windows).mean(1))  # (B, H, 7, W)
    return torch.cat(rows, 2).transpose(1, 2)
