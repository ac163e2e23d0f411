"""The pixel volume on whole pixels (Sec. 3.2) by one Triton kernel: each candidate is read and written once."""

import torch
import triton
import triton.language as tl
from torch import Tensor

_VALUES = 2048  # of one program: 16 in each thread of four warps


@triton.jit  # type: ignore[untyped-decorator]
def _read_candidates(
    previous: tl.tensor, match: tl.tensor, current: tl.tensor, volume: tl.tensor, height: tl.tensor, width: tl.tensor,
    match_b: tl.tensor, match_c: tl.tensor, match_y: tl.tensor, match_x: tl.tensor,
    volume_b: tl.tensor, volume_k: tl.tensor, volume_p: tl.tensor,
    size: tl.constexpr, candidates: tl.constexpr, pixels: tl.constexpr,
) -> None:  # fmt: skip
    """Read the candidates k of some pixels p of frame b; candidates is a power of two from size**2 on."""
    p = tl.program_id(0) * pixels + tl.arange(0, pixels)[:, None]
    k = tl.arange(0, candidates)[None, :]
    b = tl.program_id(1).to(tl.int64)
    i, j = k // size - size // 2, k % size - size // 2
    qx, qy = p % width - i, p // width - j
    there = (p < height * width) & (k < size * size)
    known = there & (qx >= 0) & (qx < width) & (qy >= 0) & (qy < height)
    at_q = match + b * match_b + qy * match_y + qx * match_x
    x = tl.load(at_q, mask=known, other=0).to(tl.float32) + i
    y = tl.load(at_q + match_c, mask=known, other=0).to(tl.float32) + j
    within = known & (x >= 1) & (x <= width - 2) & (y >= 1) & (y <= height - 2)
    # what is beyond may be too far for an integer
    place = tl.where(within, y, 0).to(tl.int32) * width + tl.where(within, x, 0).to(tl.int32)
    frame = b * height * width
    matched = tl.load(previous + frame + place, mask=within, other=0)
    own = tl.load(current + frame + p + k * 0, mask=known, other=0)
    tl.store(volume + b * volume_b + k * volume_k + p * volume_p, tl.where(within, matched, own), mask=there)


def candidates_by_kernel(previous: Tensor, match: Tensor, current: Tensor, size: int) -> Tensor:
    """Read the candidates of matches that are whole pixels, without a gradient; as read_on_pixels says.

    Args:
        previous, current: (B, 1, H, W) of one type, on a graphics card.
        match: (B, 2, H, W).
        size: k, odd.

    Returns: (B, k k, H, W), with its channels last where those of match are.
    """
    b, _, h, w = match.shape
    last = match.stride(1) == 1 and h * w > 1
    layout = torch.channels_last if last else torch.contiguous_format
    volume = torch.empty((b, size**2, h, w), dtype=previous.dtype, device=previous.device, memory_format=layout)
    candidates = triton.next_power_of_2(size**2)
    pixels = _VALUES // candidates
    with torch.cuda.device_of(volume):  # type: ignore[no-untyped-call]  # Triton launches on the current card
        _read_candidates[triton.cdiv(h * w, pixels), b](
            previous.contiguous(), match, current.contiguous(), volume, h, w,
            *match.stride(), *volume.stride()[:2], volume.stride(3), size, candidates, pixels,
        )  # fmt: skip
    return volume
