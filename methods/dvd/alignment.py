"""DVD-MC's alignment (Su et al., CVPR 2017): neighbours warped to the middle frame by TV-L1 flow."""

import numpy as np
import torch
import torch.nn.functional as F
from skimage.registration import optical_flow_tvl1
from torch import Tensor

from pvdbench.core.colour import gray
from pvdbench.core.warp import backward_warp

SHORT_SIDE = 200  # flow is estimated on frames reduced to it, as in the authors' program
_TVL1 = {"attachment": 0.15 * 255, "tightness": 0.3, "num_warp": 7, "tol": 0.01}
"""The authors' lambda 0.15 (for values up to 255), theta 0.3, 7 warps, epsilon 0.01; the scales are scikit-image's."""


def aligned(window: Tensor) -> Tensor:
    """Warp every frame to the middle one; what lies beyond a frame is its edge.

    Args:
        window: (T, 3, H, W) RGB in [0, 1], T odd.
    """
    middle = len(window) // 2
    flows = [_flow(window[middle], frame) for frame in window]
    return backward_warp(window, torch.stack(flows).to(window.device), beyond="border")


def _flow(target: Tensor, source: Tensor) -> Tensor:
    """(2, H, W) in pixels, (x, y), from target to source."""
    if target is source or torch.equal(target, source):
        return target.new_zeros(2, *target.shape[1:])
    h, w = target.shape[1:]
    scale = min(1.0, SHORT_SIDE / min(h, w))
    frames = F.interpolate(gray(torch.stack((target, source))), scale_factor=scale, mode="area")
    y, x = optical_flow_tvl1(*frames[:, 0].cpu().double().numpy(), **_TVL1)
    flow = torch.from_numpy(np.stack((x, y)).astype(np.float32))[None]
    factors = torch.tensor([w / flow.shape[3], h / flow.shape[2]])[None, :, None, None]
    return (F.interpolate(flow, (h, w), mode="bilinear", align_corners=False) * factors)[0]
