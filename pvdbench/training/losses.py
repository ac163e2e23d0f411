"""Losses between estimated and sharp frames, by the name that a recipe gives them."""

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor

FrameLoss = Callable[[Tensor, Tensor], Tensor]
"""From an estimate and its truth, of equal shape, to the mean over all values."""

EPSILON = 1e-3  # of the Charbonnier loss, for values in [0, 1]


def charbonnier_loss(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), a smooth L1 (Lai et al., CVPR 2017)."""
    return ((estimate - truth).square() + EPSILON**2).sqrt().mean()


FRAME_LOSSES: Mapping[str, FrameLoss] = {"l1": F.l1_loss, "mse": F.mse_loss, "charbonnier": charbonnier_loss}
