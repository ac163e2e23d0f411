"""The pixel volume (Sec. 3.2): each pixel's candidates from the deblurred previous frame, and choices among them."""

import torch
from torch import Tensor

from pvdbench.core.warp import pixel_grid
from pvdbench.networks.candidates import read_between_pixels, read_on_pixels
from pvdbench.networks.params import Coordinates


def pixel_volume(
    previous: Tensor, flow: Tensor, current: Tensor, *, size: int = 5, coordinates: Coordinates = "truncate"
) -> Tensor:
    """Gather the candidates V(p) = D[match(q) + (i, j)] with q = p - (i, j), for all |i|, |j| <= size // 2.

    Channels run over i (x) first, then j (y), each from -size // 2, as in the authors' models/pixel_volume.py;
    from there, too, the border rules, which the paper does not give: a candidate in the outermost pixel of the
    previous frame or beyond is the current frame's value at p; one whose neighbour q lies outside is 0.

    Args:
        previous: (B, 1, H, W), the deblurred previous frame in gray; [-1, 1] in the networks, so 0 is mid gray.
        flow: (B, 2, H, W), (x, y) in pixels, from current to previous.
        current: (B, 1, H, W), the blurry current frame in gray.
        size: k, odd.
        coordinates: how a match that lies between pixels is read.

    Returns: (B, size * size, H, W).
    Raises:
        ValueError: if the shapes do not match or size is even.
    """
    b, _, h, w = flow.shape
    if previous.shape != (b, 1, h, w) or current.shape != (b, 1, h, w):
        got = f"{tuple(previous.shape)} and {tuple(current.shape)}"
        raise ValueError(f"previous and current must be {(b, 1, h, w)}, got {got}")
    if size % 2 == 0:
        raise ValueError(f"size must be odd, got {size}")
    match = flow + pixel_grid(h, w, flow)
    if coordinates == "bilinear":
        return read_between_pixels(previous, match, current, size)
    whole = match.trunc() if coordinates == "truncate" else match.round()
    volume: Tensor = read_on_pixels(previous, whole, current, size)
    return volume


def most_frequent(volume: Tensor) -> Tensor:
    """Choose the mode of each pixel's candidates, counted on the 256 values of a byte; among equals the first.

    Args:
        volume: (B, K, H, W) in [-1, 1].

    Returns: (B, 1, H, W), the candidate's own value.
    """
    values = ((volume + 1) * 127.5).round()
    counts = torch.stack([(values == values[:, [k]]).sum(1) for k in range(volume.shape[1])], 1)
    return volume.gather(1, counts.argmax(1, keepdim=True))


def nearest(volume: Tensor, truth: Tensor) -> Tensor:
    """Choose the candidate closest to the truth: the best that any choice could make of the volume.

    Args:
        volume: (B, K, H, W).
        truth: (B, 1, H, W).

    Returns: (B, 1, H, W).
    """
    return volume.gather(1, (volume - truth).abs().argmin(1, keepdim=True))
