"""Reading the candidates of a pixel volume (Sec. 3.2): whole pixels by one gather each, or bilinearly between them."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.networks.kernels import kernels_take


def read_on_pixels(previous: Tensor, match: Tensor, current: Tensor, size: int) -> Tensor:
    """Read the candidates of matches that are whole pixels; no gradient reaches the matches.

    Args:
        previous, current: (B, 1, H, W).
        match: (B, 2, H, W), for each pixel q of the current frame the (x, y) that it matches in the previous one.
        size: k, odd.

    Returns: (B, k k, H, W), as pixel_volume says.
    """
    if kernels_take(previous, match, current):
        from pvdbench.networks.triton_volume import candidates_by_kernel  # Triton is not everywhere

        return candidates_by_kernel(previous, match, current, size)
    volume: Tensor = _OnPixels.apply(previous, match, current, size)  # type: ignore[no-untyped-call]
    return volume


def read_between_pixels(previous: Tensor, match: Tensor, current: Tensor, size: int) -> Tensor:
    """Read the candidates of matches anywhere bilinearly, with gradients of the matches; else as read_on_pixels."""
    (b, _, h, w), k = match.shape, size**2
    candidates = _from_neighbours(match, size)  # (B, K, 2, H, W)
    known = _from_neighbours(torch.ones_like(match[:, :1]), size)[:, :, 0] > 0  # (B, K, H, W)
    x, y = candidates.unbind(2)
    within = (x >= 1) & (x <= w - 2) & (y >= 1) & (y <= h - 2)
    grid = torch.stack((x * (2 / (w - 1)) - 1, y * (2 / (h - 1)) - 1), -1).view(b, k * h, w, 2)
    values = F.grid_sample(previous, grid, mode="bilinear", padding_mode="zeros", align_corners=True).view(b, k, h, w)
    return torch.where(known, torch.where(within, values, current), 0)


def _from_neighbours(field: Tensor, size: int) -> Tensor:
    """Collect each pixel's candidates: field at q = p - (i, j), plus (i, j); zero where q lies outside."""
    r, (h, w) = size // 2, field.shape[-2:]
    padded = F.pad(field, (r, r, r, r))
    shifted = []
    for i, j in _offsets(size):
        at_q = padded[:, :, r - j : r - j + h, r - i : r - i + w]
        # no tensor made of i and j: on a card its copy would wait
        shifted.append(torch.stack((at_q[:, 0] + i, at_q[:, 1] + j), 1) if field.shape[1] == 2 else at_q)
    return torch.stack(shifted, 1)


class _OnPixels(torch.autograd.Function):
    """One gather per candidate, and nothing else of its size.

    As p and q of a candidate differ by (i, j) everywhere, what is read for it is one field of places in the flat frame,
    shifted. Only matches near the border have candidates beyond it; these few are mended after.
    """

    @staticmethod
    def forward(ctx: Any, previous: Tensor, match: Tensor, current: Tensor, size: int) -> Tensor:
        """Gather what the matches say."""
        ctx.save_for_backward(match)
        ctx.size = size
        b, _, h, w = match.shape
        places, frame = _places(match, size), F.pad(previous, (size - 1,) * 4).flatten(1)
        volume = previous.new_empty(b, size**2, h * w)
        for k, start, p, q in _readings(size, h, w):
            for one in range(b):
                torch.index_select(frame[one, start:], 0, places[one, q], out=volume[one, k, p])
        volume = _without_unknown(volume.view(b, -1, h, w), size)
        for k, n, y, x in _beyond(match, size):
            volume[n, k, y, x] = current[n, 0, y, x]
        return volume

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Add the gradients of candidates where they were read."""
        (match,), size = ctx.saved_tensors, ctx.size
        b, _, h, w = match.shape
        gradient = _without_unknown(gradients[0].clone(memory_format=torch.contiguous_format), size)
        of_current = gradient.new_zeros(b, 1, h, w)
        for k, n, y, x in _beyond(match, size):
            of_current[n, 0, y, x] += gradient[n, k, y, x]
            gradient[n, k, y, x] = 0
        places, margin = _places(match, size), size - 1
        frame = gradient.new_zeros(b, h + 2 * margin, w + 2 * margin)
        for k, start, p, q in _readings(size, h, w):
            for one in range(b):
                frame[one].view(-1)[start:].index_add_(0, places[one, q], gradient[one, k].view(-1)[p])
        return frame[:, None, margin : margin + h, margin : margin + w], None, of_current, None


def _offsets(size: int) -> list[tuple[int, int]]:
    side = range(-(size // 2), size // 2 + 1)
    return [(i, j) for i in side for j in side]


def _places(match: Tensor, size: int) -> Tensor:
    """Number each match's pixel in the flat frame with a margin of size - 1, from the first that a candidate may have.

    Returns: (B, H W).
    """
    r, (h, w) = size // 2, match.shape[-2:]
    x, y = match[:, 0].clamp(-r, w - 1 + r).long(), match[:, 1].clamp(-r, h - 1 + r).long()
    return ((y + r) * (w + 4 * r) + x + r).flatten(1)


def _readings(size: int, h: int, w: int) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield each candidate's number, where its numbers of places begin, and the flat ranges of p and q = p - (i, j)."""
    r = size // 2
    for k, (i, j) in enumerate(_offsets(size)):
        shift = j * w + i
        first = max(0, shift)
        end = max(first, h * w + min(0, shift))  # a small frame may have no p for a candidate
        yield k, (j + r) * (w + 4 * r) + i + r, slice(first, end), slice(first - shift, end - shift)


def _without_unknown(volume: Tensor, size: int) -> Tensor:
    """Make 0 what has no q in the frame."""
    h, w = volume.shape[-2:]
    for k, (i, j) in enumerate(_offsets(size)):
        volume[:, k, max(0, h + j) if j < 0 else 0 : h if j < 0 else j] = 0
        volume[:, k, :, max(0, w + i) if i < 0 else 0 : w if i < 0 else i] = 0
    return volume


def _beyond(match: Tensor, size: int) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """Yield, for each candidate, where it lies in the outermost pixel or beyond: its number; n, y and x of p."""
    if type(match) is not Tensor:  # one without values, by which operations are counted: nothing to mend
        return
    r, (h, w) = size // 2, match.shape[-2:]
    x, y = match.unbind(1)
    n, qy, qx = ((x < 1 + r) | (x > w - 2 - r) | (y < 1 + r) | (y > h - 2 - r)).nonzero(as_tuple=True)
    x, y = x[n, qy, qx], y[n, qy, qx]
    columns, rows = _beyond_along(x, qx, w, r), _beyond_along(y, qy, h, r)
    for k, (i, j) in enumerate(_offsets(size)):
        (beyond_x, known_x), (beyond_y, known_y) = columns[i], rows[j]
        beyond = ((beyond_x | beyond_y) & known_x & known_y).nonzero()[:, 0]
        yield k, n[beyond], qy[beyond] + j, qx[beyond] + i


def _beyond_along(match: Tensor, q: Tensor, side: int, r: int) -> dict[int, tuple[Tensor, Tensor]]:
    """Tell, for each shift along one side of the frame, which candidates lie beyond it, and which p lie in it."""
    return {
        shift: ((match + shift < 1) | (match + shift > side - 2), (q + shift >= 0) & (q + shift < side))
        for shift in range(-r, r + 1)
    }
