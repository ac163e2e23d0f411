"""What the networks are made of, written by its formula, to compare the fast versions with and to time them by."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def cost_volume(first: Tensor, second: Tensor, radius: int = 3) -> Tensor:
    """Average first(p) * second(p + d) over channels, one displacement after the other; outside is 0.

    Args:
        first, second: (B, C, H, W).

    Returns: (B, (2 radius + 1)^2, H, W), y of the displacement outer, x inner.
    """
    h, w = first.shape[-2:]
    padded = F.pad(second, (radius,) * 4)
    side = range(2 * radius + 1)
    return torch.stack([(first * padded[:, :, y : y + h, x : x + w]).mean(1) for y in side for x in side], 1)


def backward_warp(image: Tensor, flow: Tensor) -> Tensor:
    """Weigh the four pixels around each point that flow leads to; outside is 0.

    Args:
        image: (B, C, H, W).
        flow: (B, 2, H, W), (x, y) in pixels.
    """
    _, c, h, w = image.shape
    rows, columns = _places(h, w, flow)
    x, y = flow[:, 0] + columns, flow[:, 1] + rows
    left, top = x.floor(), y.floor()
    flat, warped = image.flatten(2), torch.zeros_like(image)
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
        place = (row.clamp(0, h - 1) * w + column.clamp(0, w - 1)).long()
        pixel = flat.gather(2, place.flatten(1)[:, None].expand(-1, c, -1)).view_as(image)
        weight = (1 - (x - column).abs()) * (1 - (y - row).abs()) * inside
        warped += weight[:, None] * pixel
    return warped


def _places(height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """The row and the column of every pixel, (H, W) each."""
    rows = torch.arange(height, device=like.device)[:, None].expand(height, width)
    columns = torch.arange(width, device=like.device)[None].expand(height, width)
    return rows, columns


def pixel_volume(previous: Tensor, flow: Tensor, current: Tensor, size: int = 5) -> Tensor:
    """Gather V(p) = D[match(q) + (i, j)] with q = p - (i, j) (Sec. 3.2), one candidate after the other, truncated.

    Args:
        previous, current: (B, 1, H, W).
        flow: (B, 2, H, W), (x, y) in pixels.

    Returns: (B, size * size, H, W).
    """
    (_, _, h, w), r = flow.shape, size // 2
    rows, columns = _places(h, w, flow)
    grid = torch.stack((columns, rows))
    match = (flow + grid).trunc()
    candidates = []
    for i in range(-r, r + 1):
        for j in range(-r, r + 1):
            q = grid - torch.tensor([i, j], device=flow.device).view(2, 1, 1)
            known = (q[0] >= 0) & (q[0] < w) & (q[1] >= 0) & (q[1] < h)
            q_x, q_y = q[0].clamp(0, w - 1), q[1].clamp(0, h - 1)
            x, y = match[:, 0][:, q_y, q_x] + i, match[:, 1][:, q_y, q_x] + j
            within = (x >= 1) & (x <= w - 2) & (y >= 1) & (y <= h - 2)
            places = zip(previous, y.clamp(0, h - 1).long(), x.clamp(0, w - 1).long(), strict=True)
            read = torch.stack([frame[0][row, column] for frame, row, column in places])
            candidates.append(torch.where(known, torch.where(within, read, current[:, 0]), 0))
    return torch.stack(candidates, 1)


def plain(network: Any) -> Any:
    """Make a LiteFlowNet match, warp and regularise by the formulas here; its convolutions stay PyTorch's.

    Args:
        network: contiguous, in float32; it is changed.
    """
    for steps, formula in ((network.matching, _match), (network.subpixel, _refine), (network.regularization, _smooth)):
        for module in steps:
            module.forward = partial(formula, module)
    return network


def _scale(module: Any) -> float:
    """From units of the network, 20 pixels of the frame, to pixels of a level."""
    return float(20 * 0.5 ** (module.level - 1))


def _match(module: Any, first: Tensor, second: Tensor, flow: Tensor | None) -> Tensor:
    """Read the residual flow from a cost volume, below level 4 at every second position (Sec. 3.1)."""
    first, second = module.feature(first), module.feature(second)
    if flow is not None:
        flow = module.upsample_flow(flow)
        second = backward_warp(second, flow * _scale(module))
    step = 2 if module.level < 4 else 1
    cost = F.leaky_relu(cost_volume(first[:, :, ::step, ::step], second[:, :, ::step, ::step]), 0.1)
    residual: Tensor = module.flow(module.upsample_cost(cost) if step == 2 else cost)
    return residual if flow is None else flow + residual


def _refine(module: Any, first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """Read the residual flow from both feature maps (Sec. 3.2)."""
    first, second = module.feature(first), module.feature(second)
    residual: Tensor = module.flow(torch.cat((first, backward_warp(second, flow * _scale(module)), flow), 1))
    return flow + residual


def _smooth(module: Any, image1: Tensor, image2: Tensor, first: Tensor, flow: Tensor) -> Tensor:
    """Average each pixel's flow over its neighbours by learned weights (Sec. 3.3), all neighbours at once."""
    difference = ((image1 - backward_warp(image2, flow * _scale(module))).square().sum(1, keepdim=True) + 1e-12).sqrt()
    centred = flow - flow.mean((2, 3), keepdim=True)
    distance = module.distance(module.main(torch.cat((difference, centred, module.feature(first)), 1)))
    weight = (-distance.square() + distance.square().amin(1, keepdim=True)).exp()
    (b, _, h, w), k = flow.shape, module.kernel
    neighbours = F.unfold(flow, k, padding=k // 2).view(b, 2, k * k, h, w)
    sums = [scale(weight * neighbours[:, axis]) for axis, scale in enumerate((module.scale_x, module.scale_y))]
    averages: Tensor = torch.cat(sums, 1) / weight.sum(1, keepdim=True)
    return averages


@torch.inference_mode()
def deblur(model: Any, clip: Sequence[Tensor], device: torch.device) -> Iterator[Tensor]:
    """Deblur a clip by Fig. 2, frame after frame: flow, the gray pixel volume, PVDNet.

    Args:
        model: a VideoDeblurrer with a gray volume, contiguous and in float32; its motion network is changed.
        clip: (3, H, W) frames in [0, 1], sides multiples of 4.

    Yields: (3, H, W) in [0, 1], on the CPU.
    """
    plain(model.motion)
    weights = torch.tensor([0.2989, 0.5870, 0.1140], device=device).view(1, 3, 1, 1)
    previous = current = state = clip[0][None].to(device) * 2 - 1
    for t in range(len(clip)):
        following = clip[min(t + 1, len(clip) - 1)][None].to(device) * 2 - 1
        flow = model.motion((current + 1) / 2, (previous + 1) / 2)
        gray = [(image * weights).sum(1, keepdim=True) for image in (state, current)]
        state = model.deblur(previous, current, following, pixel_volume(gray[0], flow, gray[1]))
        yield ((state[0] + 1) / 2).clamp(0, 1).cpu()
        previous, current = current, following
