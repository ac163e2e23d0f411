"""FlowNet 2.0 (Ilg et al., CVPR 2017), which the paper's Table 1 compares, as NVIDIA's flownet2-pytorch computes it."""

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.warp import backward_warp
from pvdbench.motion.flownet import FlowNetC, FlowNetFusion, FlowNetS, FlowNetSD

MULTIPLE = 64  # of the sides inside
_FLOW_SCALE = 20.0  # C and S give flow in units of 20 pixels; SD in twentieths of one
_OFFICIAL = (  # ours, NVIDIA's
    (r"^correlated\.", "flownetc."),
    (r"^stacked(\d)\.", r"flownets_\1."),
    (r"^small\.", "flownets_d."),
    (r"^fusion\.", "flownetfusion."),
    (r"\.(?:frame|contraction)\.(\d)\.0\.", r".conv\1.0."),
    (r"\.(?:frame|contraction)\.(\d)\.2\.", r".conv\1_1.0."),
    (r"\.redirect\.", ".conv_redir."),
    (r"\.merge\.", ".conv3_1."),
    (r"fusion\.refinement\.predict\.", "fusion.predict_flow2."),
    (r"\.refinement\.predict\.", ".predict_flow6."),
    (r"\.rises\.(\d)\.predict\.", r".predict_flow\1."),
    (r"\.rises\.(\d)\.features\.", r".deconv\1."),
    (r"\.rises\.(\d)\.smooth\.", r".inter_conv\1.0."),
    *((rf"\.rises\.{level}\.flow\.", f".upsampled_flow{level + 1}_to_{level}.") for level in range(6)),
    (r"\.refinement\.", "."),
)


def official_keys() -> dict[str, str]:
    """From the key of a tensor in NVIDIA's published checkpoint to ours, all 220."""
    with torch.device("meta"):
        ours = FlowNet2().state_dict()
    return {_official_key(key): key for key in ours}


def _official_key(key: str) -> str:
    for ours, theirs in _OFFICIAL:
        key = re.sub(ours, theirs, key)
    return key


def _length(vectors: Tensor) -> Tensor:
    """(B, 1, H, W) Euclidean norm over channels; its gradient at 0 is 0, as in NVIDIA's channel norm."""
    length: Tensor = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return length


def _centred(target: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """Both frames less their common mean of each channel."""
    pair = torch.stack((target, source), 2)  # (B, 3, 2, H, W)
    target, source = (pair - pair.mean((2, 3, 4), keepdim=True)).unbind(2)
    return target, source


class FlowNet2(nn.Module):
    """Flow from target to source, (x, y) in pixels: target(p) looks like source(p + flow(p)).

    Width 1 is the published network of 162,518,834 parameters.
    """

    def __init__(self, width: float = 1.0) -> None:
        """Build the network.

        Args:
            width: factor on the number of filters of every layer.
        """
        super().__init__()
        self.width = width
        self.correlated = FlowNetC(width)
        self.stacked1, self.stacked2 = FlowNetS(width), FlowNetS(width)
        self.small = FlowNetSD(width)
        self.fusion = FlowNetFusion(width)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Full-resolution flow (B, 2, H, W); sides that are no multiple of 64 are padded by repeating the edge.

        Args:
            target, source: (B, 3, H, W) RGB in [0, 1].
        """
        h, w = target.shape[2:]
        border = (0, -w % MULTIPLE, 0, -h % MULTIPLE)
        target, source = (F.pad(frame, border, mode="replicate") for frame in (target, source))
        return self._stacked(*_centred(target, source))[:, :, :h, :w]

    def _stacked(self, target: Tensor, source: Tensor) -> Tensor:
        """Flow (B, 2, H, W) of centred frames; H and W multiples of 64."""
        flow = self.correlated(target, source)
        for stacked in (self.stacked1, self.stacked2):
            flow = stacked(self._known(target, source, flow))
        # nearest, unlike between the stacked networks, as in the original
        large = F.interpolate(flow * _FLOW_SCALE, scale_factor=4, mode="nearest")
        small = F.interpolate(self.small(torch.cat((target, source), 1)) / _FLOW_SCALE, scale_factor=4, mode="nearest")
        errors = [_length(target - backward_warp(source, flow, beyond="border")) for flow in (small, large)]
        fused: Tensor = self.fusion(torch.cat((target, small, large, _length(small), _length(large), *errors), 1))
        return fused

    @staticmethod
    def _known(target: Tensor, source: Tensor, flow: Tensor) -> Tensor:
        """(B, 12, H, W) of what the next network of the stack reads: frames, source warped, flow, what is left."""
        flow = F.interpolate(flow, scale_factor=4, mode="bilinear", align_corners=False)
        warped = backward_warp(source, flow * _FLOW_SCALE, beyond="border")
        return torch.cat((target, source, warped, flow, _length(target - warped)), 1)
