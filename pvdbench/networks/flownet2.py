"""FlowNet2 (Ilg et al., CVPR 2017) and the FlowNets that it stacks."""

import itertools
import re
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.warp import backward_warp
from pvdbench.networks.cost_volume import correlation
from pvdbench.networks.liteflownet_modules import scaled

_RADIUS, _STEP = 10, 2  # 441 displacements of up to 20 pixels of 1/8 resolution
_SKIPS = {6: 1024, 5: 512, 4: 512, 3: 256, 2: 128}  # channels of the contraction's levels in C, S and SD
_RAISED = {5: 512, 4: 256, 3: 128, 2: 64, 1: 32, 0: 16}  # channels of the features brought up to a level


def _level(channels: Sequence[int], kernel: int = 3, stride: int = 2) -> nn.Sequential:
    """Convolutions with leaky ReLUs; kernel and stride are the first one's, the others are 3x3."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(channels):
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.LeakyReLU(0.1)]
        kernel, stride = 3, 1
    return nn.Sequential(*layers)


class Contraction(nn.ModuleDict):
    """Levels one after the other, each named by the power of two by which it shrinks the image."""

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        features = {}
        for name, level in self.items():
            x = features[int(name)] = level(x)
        return features


class Rise(nn.Module):
    """From one level to the next finer one: features and flow are upsampled and joined to the contraction's."""

    def __init__(self, below: int, skip: int, raised: int, *, smooth: bool, flow_bias: bool) -> None:
        super().__init__()
        self.joined = skip + raised + 2
        self.features = nn.Sequential(nn.ConvTranspose2d(below, raised, 4, 2, 1), nn.LeakyReLU(0.1))
        self.flow = nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=flow_bias)
        self.smooth = nn.Conv2d(self.joined, raised, 3, 1, 1) if smooth else nn.Identity()
        self.predict = nn.Conv2d(raised if smooth else self.joined, 2, 3, 1, 1)

    def forward(self, below: Tensor, flow: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        joined = torch.cat((skip, self.features(below), self.flow(flow)), 1)
        return joined, self.predict(self.smooth(joined))


class Refinement(nn.Module):
    """The expanding part: flow at the coarsest level, then level by level."""

    def __init__(self, skips: Mapping[int, int], width: float, *, smooth: bool, flow_bias: bool = True) -> None:
        """Build the expanding part.

        Args:
            skips: the contraction's channels by level, of width 1.
            width: factor on all channels.
            smooth: another convolution before each prediction of flow but the coarsest.
            flow_bias: whether the upsampling of flow has one.
        """
        super().__init__()
        coarsest, *finer = sorted(skips, reverse=True)
        channels = scaled(skips[coarsest], width)
        self.predict = nn.Conv2d(channels, 2, 3, 1, 1)
        self.rises = nn.ModuleDict()
        for level in finer:
            skip, raised = scaled(skips[level], width), scaled(_RAISED[level], width)
            rise = Rise(channels, skip, raised, smooth=smooth, flow_bias=flow_bias)
            self.rises[str(level)], channels = rise, rise.joined

    def forward(self, features: Mapping[int, Tensor]) -> Tensor:
        """Estimate the flow (B, 2, h, w) at the finest level."""
        x = features[max(features)]
        flow: Tensor = self.predict(x)
        for level, rise in self.rises.items():
            x, flow = rise(x, flow, features[int(level)])
        return flow


def _fine_levels(inputs: int, width: float) -> dict[str, nn.Sequential]:
    """Levels 0 to 2 with 3x3 convolutions, which SD and fusion share."""
    c = {n: scaled(n, width) for n in (64, 128)}
    return {
        "0": _level((inputs, c[64]), stride=1),
        "1": _level((c[64], c[64], c[128])),
        "2": _level((c[128], c[128], c[128])),
    }


def _deep_levels(width: float) -> dict[str, nn.Sequential]:
    """Levels 4 to 6, which C, S and SD share."""
    c = {n: scaled(n, width) for n in (256, 512, 1024)}
    return {
        "4": _level((c[256], c[512], c[512])),
        "5": _level((c[512], c[512], c[512])),
        "6": _level((c[512], c[1024], c[1024])),
    }


class FlowNetC(nn.Module):
    """Each frame by itself up to 1/8 resolution, then their correlation."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (32, 64, 128, 256)}
        self.frame = Contraction(
            {"1": _level((3, c[64]), 7), "2": _level((c[64], c[128]), 5), "3": _level((c[128], c[256]), 5)}
        )
        self.redirect = _level((c[256], c[32]), 1, 1)
        self.merge = _level((c[32] + (2 * _RADIUS + 1) ** 2, c[256]), stride=1)
        self.contraction = Contraction(_deep_levels(width))
        self.refinement = Refinement(_SKIPS, width, smooth=False)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate the flow (B, 2, H/4, W/4) of two frames (B, 3, H, W)."""
        first, second = self.frame(target), self.frame(source)
        cost = F.leaky_relu(correlation(first[3], second[3], radius=_RADIUS, step=_STEP), 0.1)
        merged = self.merge(torch.cat((self.redirect(first[3]), cost), 1))
        flow: Tensor = self.refinement({2: first[2], 3: merged, **self.contraction(merged)})
        return flow


class FlowNetS(nn.Module):
    """Refines a flow from frames, warped source, flow and error: (B, 12, H, W) to (B, 2, H/4, W/4)."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (64, 128, 256)}
        shallow = {
            "1": _level((12, c[64]), 7),
            "2": _level((c[64], c[128]), 5),
            "3": _level((c[128], c[256], c[256]), 5),
        }
        self.contraction = Contraction(shallow | _deep_levels(width))
        self.refinement = Refinement(_SKIPS, width, smooth=False, flow_bias=False)

    def forward(self, known: Tensor) -> Tensor:
        flow: Tensor = self.refinement(self.contraction(known))
        return flow


class FlowNetSD(nn.Module):
    """Small displacements, by 3x3 convolutions only: both frames (B, 6, H, W) to (B, 2, H/4, W/4)."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (128, 256)}
        shallow = _fine_levels(6, width) | {"3": _level((c[128], c[256], c[256]))}
        self.contraction = Contraction(shallow | _deep_levels(width))
        self.refinement = Refinement(_SKIPS, width, smooth=True)

    def forward(self, frames: Tensor) -> Tensor:
        flow: Tensor = self.refinement(self.contraction(frames))
        return flow


class FlowNetFusion(nn.Module):
    """Fuses the flows of large and small displacements: (B, 11, H, W) to (B, 2, H, W)."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self.contraction = Contraction(_fine_levels(11, width))
        self.refinement = Refinement({2: 128, 1: 128, 0: 64}, width, smooth=True)

    def forward(self, known: Tensor) -> Tensor:
        flow: Tensor = self.refinement(self.contraction(known))
        return flow


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
    """Map the keys of NVIDIA's published checkpoint to ours, all 220."""
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
    """Subtract from both frames their common mean of each channel."""
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
        """Estimate the full-resolution flow (B, 2, H, W); sides that are not multiples of 64 are padded by their edges.

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
        """Stack what the next network reads, (B, 12, H, W): frames, warped source, flow, and the remaining error."""
        flow = F.interpolate(flow, scale_factor=4, mode="bilinear", align_corners=False)
        warped = backward_warp(source, flow * _FLOW_SCALE, beyond="border")
        return torch.cat((target, source, warped, flow, _length(target - warped)), 1)
