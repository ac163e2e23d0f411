"""Cost volumes: the correlation of two feature maps over displacements (FlowNet, LiteFlowNet)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.networks.kernels import kernels_take

RADIUS = 3
_NARROWEST = 8  # columns of a tile


def cost_volume(first: Tensor, second: Tensor) -> Tensor:
    """Average first(p) * second(p + d) over channels, d over 7 x 7 displacements; outside is 0.

    The original's "stride 2" (displacements and positions both doubled) is this on maps of every second pixel.

    Args:
        first, second: (B, C, H, W).

    Returns: (B, 49, H, W), y of the displacement outer, x inner, each from -3.
    """
    if kernels_take(first, second):
        from pvdbench.networks.triton_cost_volume import cost_volume_by_kernel  # Triton is not everywhere

        return cost_volume_by_kernel(first, second, RADIUS)
    return correlation(first, second, radius=RADIUS, step=1)


def correlation(first: Tensor, second: Tensor, *, radius: int, step: int) -> Tensor:
    """Average first(p) * second(p + step * d) over channels, d over (2 radius + 1)^2 displacements; outside is 0.

    Rows are cut into tiles of columns, and a tile is multiplied as a matrix with all that its displacements reach; the
    diagonals are kept. Half of these products are needed, yet it is three times as fast as one displacement at a time
    (1280x720, one core), as products of matrices run from the cache, and nothing of the size of a window is made.

    Args:
        first, second: (B, C, H, W).
        radius: displacements on each side of 0.
        step: pixels between two displacements; every position p is kept.

    Returns: (B, (2 radius + 1)^2, H, W), y of the displacement outer, x inner, each from -step * radius.
    """
    b, c, h, w = first.shape
    reach = step * radius
    columns = max(_NARROWEST, 2 * reach)
    tiles = -(-w // columns)
    rest, wide = tiles * columns - w, columns + 2 * reach
    rows = F.pad(first / c, (0, rest)).permute(0, 2, 3, 1).reshape(b * h * tiles, columns, c)
    padded = F.pad(second, (reach, reach + rest, reach, reach)).permute(0, 2, 3, 1)
    reached = padded.unfold(2, wide, columns).contiguous()  # (B, H + 2 reach, tiles, C, wide)
    costs = []
    for dy in range(0, 2 * reach + 1, step):
        products = rows @ reached[:, dy : dy + h].reshape(b * h * tiles, c, wide)
        # rows of one number more put what lies a row and a column further into the same column
        skewed = F.pad(products.flatten(1), (0, columns)).view(b, h, tiles * columns, wide + 1)
        costs.append(skewed[..., : 2 * reach + 1 : step])
    return torch.cat(costs, 3)[:, :, :w].permute(0, 3, 1, 2)
