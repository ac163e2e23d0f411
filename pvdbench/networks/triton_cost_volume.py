"""LiteFlowNet's cost volume by one Triton kernel: no shifted copy of a feature map is made."""

import torch
import triton
import triton.language as tl
from torch import Tensor

_VALUES = 4096  # of each feature map in one program: 32 in each thread of four warps


@triton.jit  # type: ignore[untyped-decorator]
def _correlate(
    first: tl.tensor, second: tl.tensor, costs: tl.tensor, channels: tl.tensor, height: tl.tensor, width: tl.tensor,
    first_b: tl.tensor, first_c: tl.tensor, first_y: tl.tensor, first_x: tl.tensor,
    second_b: tl.tensor, second_c: tl.tensor, second_y: tl.tensor, second_x: tl.tensor,
    costs_b: tl.tensor, costs_d: tl.tensor, costs_p: tl.tensor,
    radius: tl.constexpr, padded: tl.constexpr, pixels: tl.constexpr,
) -> None:  # fmt: skip
    """Correlate some pixels p of frame b by one row of displacements; padded is a power of two from channels on."""
    p = tl.program_id(0) * pixels + tl.arange(0, pixels)
    row = tl.program_id(1)
    b = tl.program_id(2).to(tl.int64)
    c = tl.arange(0, padded)[None, :]
    x, y = p % width, p // width
    there, to_y = p < height * width, y + row - radius
    at_p = first + b * first_b + (y * first_y + x * first_x)[:, None] + c * first_c
    own = tl.load(at_p, mask=there[:, None] & (c < channels), other=0).to(tl.float32)
    for column in range(2 * radius + 1):
        to_x = x + column - radius
        inside = there & (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
        at_d = second + b * second_b + (to_y * second_y + to_x * second_x)[:, None] + c * second_c
        other = tl.load(at_d, mask=inside[:, None] & (c < channels), other=0).to(tl.float32)
        d = row * (2 * radius + 1) + column
        tl.store(costs + b * costs_b + d * costs_d + p * costs_p, tl.sum(own * other, 1) / channels, mask=there)


def cost_volume_by_kernel(first: Tensor, second: Tensor, radius: int) -> Tensor:
    """Average products over channels, without a gradient; as cost_volume says, and summed in float32 for any type.

    Args:
        first, second: (B, C, H, W) on a graphics card, of any strides.
        radius: displacements on each side of 0.

    Returns: (B, (2 radius + 1)^2, H, W) of first's type, with its channels last where those of first are.
    """
    b, c, h, w = first.shape
    side = 2 * radius + 1
    layout = torch.channels_last if first.stride(1) == 1 and c > 1 else torch.contiguous_format
    costs = torch.empty((b, side**2, h, w), dtype=first.dtype, device=first.device, memory_format=layout)
    padded = triton.next_power_of_2(c)
    pixels = max(1, _VALUES // padded)
    with torch.cuda.device_of(costs):  # type: ignore[no-untyped-call]  # Triton launches on the current card
        _correlate[triton.cdiv(h * w, pixels), side, b](
            first, second, costs, c, h, w,
            *first.stride(), *second.stride(), *costs.stride()[:2], costs.stride(3), radius, padded, pixels,
        )  # fmt: skip
    return costs
