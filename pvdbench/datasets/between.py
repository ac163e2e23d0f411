"""Frames between two frames by optical flow, as Su et al. (2017) thicken a video before they average it."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.registration import optical_flow_tvl1
from torch import Tensor

from pvdbench.core.images import Frame
from pvdbench.core.warp import backward_warp

Light = NDArray[np.float32]

_GREEN = 1  # the flow is of the green channel, the least noisy one of a Bayer sensor


def frames_between(first: Frame, second: Frame, light: tuple[Light, Light], count: int) -> Iterator[Light]:
    """Equally spaced moments between two frames.

    The flow f leads from first to second (TV-L1 of Zach et al. 2007, scikit-image's defaults). At moment s of (0, 1),
    first is sampled at p - s f(p) and second at p + (1 - s) f(p), blended with weights 1 - s and s; f is taken at p
    itself, which is exact where it is smooth and soft at the edges of objects.

    Args:
        first, second: (H, W, 3) bytes.
        light: the same two in linear light, in which they are blended.
        count: how many moments.

    Yields: (H, W, 3) linear light.
    """
    flow = _flow(first, second)
    images = [torch.from_numpy(image).permute(2, 0, 1)[None] for image in light]
    for i in range(1, count + 1):
        s = i / (count + 1)
        early = backward_warp(images[0], -s * flow, beyond="border")
        late = backward_warp(images[1], (1 - s) * flow, beyond="border")
        yield ((1 - s) * early + s * late)[0].permute(1, 2, 0).numpy()


def _flow(first: Frame, second: Frame) -> Tensor:
    """(1, 2, H, W), (x, y) in pixels."""
    one, other = (frame[..., _GREEN].astype(np.float32) / 255 for frame in (first, second))
    rows, columns = optical_flow_tvl1(one, other, dtype=np.float32)  # type: ignore[no-untyped-call]
    return torch.from_numpy(np.stack((columns, rows)))[None]
