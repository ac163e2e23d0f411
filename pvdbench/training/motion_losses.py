"""Eq. (1), Eq. (2), and the supervised flow loss that stands in for LiteFlowNet's published weights."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.core.warp import backward_warp, inside
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import MotionNetwork
from pvdbench.networks.params import Finetune
from pvdbench.training.sampling import Batch


def supervised_loss(network: LiteFlowNet, batch: Batch) -> Tensor:
    """Average the endpoint error of the flow between two sharp frames over the network's five levels."""
    truth = batch["flow"][:, 0]
    flows = network.pyramid(network.encode(batch["sharp"][:, 1]), network.encode(batch["sharp"][:, 0], source=True))
    return torch.stack([_endpoint_error(flow, truth) for flow in flows.values()]).mean()


def _endpoint_error(flow: Tensor, truth: Tensor) -> Tensor:
    upsampled = F.interpolate(flow, size=truth.shape[2:], mode="bilinear", align_corners=False)
    return ((upsampled - truth).square().sum(1) + 1e-6).sqrt().mean()


def warping_loss(network: MotionNetwork, batch: Batch, finetune: Finetune, *, masked: bool = False) -> Tensor:
    """Eq. (1) or Eq. (2): the mean squared error of the warped previous frame, averaged over the pairs.

    The flow is always estimated between the pair's own frames. The blur-invariant loss judges it on the sharp
    frames, the blur-variant one on the pair itself. All pairs run as one batch.

    Args:
        masked: leave out what the warp takes from beyond the frame, as the authors' code does; the paper does not.
    """
    kinds = {"s": batch["sharp"], "b": batch["blurry"]}
    previous = torch.cat([kinds[pair[0]][:, 0] for pair in finetune.pairs])
    current = torch.cat([kinds[pair[1]][:, 1] for pair in finetune.pairs])
    flow = network(current, previous)
    if finetune.loss == "blur-invariant":
        previous = batch["sharp"][:, 0].repeat(len(finetune.pairs), 1, 1, 1)
        current = batch["sharp"][:, 1].repeat(len(finetune.pairs), 1, 1, 1)
    warped = backward_warp(previous, flow)
    if not masked:
        return F.mse_loss(warped, current)
    seen = inside(flow)
    return ((warped - current).square() * seen).sum() / (seen.sum() * current.shape[1]).clamp(min=1)
