"""EDVR (Wang et al., CVPRW 2019), its deblurring network L: predeblurring, PCD alignment, TSA fusion."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .deformable import DeformableConvolution

RADIUS = 2  # frames on either side of the one that is deblurred
FRAMES = 2 * RADIUS + 1
MULTIPLE = 16  # sides of the input must be multiples of this
Pair = tuple[Tensor, Tensor]


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def _twice(x: Tensor) -> Tensor:
    """Twice the height and width."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class _Residual(nn.Module):
    """x + conv(ReLU(conv(x))), near the identity at the start."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(channels, channels), _conv(channels, channels)
        for convolution in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(convolution.weight)
            convolution.weight.data *= 0.1
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # there is one

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.conv2(self.conv1(x).relu())
        return x + residue


class _Predeblur(nn.Module):
    """Frames at full resolution to features at a quarter of it, deblurred over three further levels."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv_first = _conv(3, n)
        self.stride_conv_hr1, self.stride_conv_hr2 = _conv(n, n, stride=2), _conv(n, n, stride=2)
        self.stride_conv_l2, self.stride_conv_l3 = _conv(n, n, stride=2), _conv(n, n, stride=2)
        self.resblock_l3 = _Residual(n)
        self.resblock_l2_1, self.resblock_l2_2 = _Residual(n), _Residual(n)
        self.resblock_l1 = nn.ModuleList(_Residual(n) for _ in range(5))

    def forward(self, x: Tensor) -> Tensor:
        x = _leaky(self.conv_first(x))
        level1 = _leaky(self.stride_conv_hr2(_leaky(self.stride_conv_hr1(x))))
        level2 = _leaky(self.stride_conv_l2(level1))
        level3 = _leaky(self.stride_conv_l3(level2))
        level2 = self.resblock_l2_1(level2) + _twice(self.resblock_l3(level3))
        level1 = self.resblock_l1[1](self.resblock_l1[0](level1)) + _twice(self.resblock_l2_2(level2))
        for block in self.resblock_l1[2:]:
            level1 = block(level1)
        return level1


class _Alignment(nn.Module):
    """PCD: a pyramid of deformable convolutions, coarse to fine, and a last one in cascade."""

    def __init__(self, n: int, groups: int) -> None:
        super().__init__()
        levels, upper = ("l3", "l2", "l1"), ("l2", "l1")
        self.offset_conv1 = nn.ModuleDict({level: _conv(2 * n, n) for level in levels})
        self.offset_conv2 = nn.ModuleDict({level: _conv(n if level == "l3" else 2 * n, n) for level in levels})
        self.offset_conv3 = nn.ModuleDict({level: _conv(n, n) for level in upper})
        self.dcn_pack = nn.ModuleDict({level: DeformableConvolution(n, groups) for level in levels})
        self.feat_conv = nn.ModuleDict({level: _conv(2 * n, n) for level in upper})
        self.cas_offset_conv1, self.cas_offset_conv2 = _conv(2 * n, n), _conv(n, n)
        self.cas_dcnpack = DeformableConvolution(n, groups)

    def forward(self, neighbour: list[Tensor], middle: list[Tensor]) -> Tensor:
        """Align a neighbour's features with the middle frame's; both of levels 1, 2, 3."""
        offset = _leaky(self.offset_conv2["l3"](self._apart("l3", neighbour[2], middle[2])))
        aligned = _leaky(self.dcn_pack["l3"](neighbour[2], offset))
        for level, number in (("l2", 1), ("l1", 0)):
            coarser, below = _twice(offset) * 2, _twice(aligned)  # twice the pixels, twice as far
            apart = self._apart(level, neighbour[number], middle[number])
            offset = _leaky(self.offset_conv2[level](torch.cat((apart, coarser), 1)))
            offset = _leaky(self.offset_conv3[level](offset))
            aligned = self.dcn_pack[level](neighbour[number], offset)
            aligned = self.feat_conv[level](torch.cat((aligned, below), 1))
            aligned = aligned if level == "l1" else _leaky(aligned)
        offset = _leaky(self.cas_offset_conv1(torch.cat((aligned, middle[0]), 1)))
        return _leaky(self.cas_dcnpack(aligned, _leaky(self.cas_offset_conv2(offset))))

    def _apart(self, level: str, neighbour: Tensor, middle: Tensor) -> Tensor:
        return _leaky(self.offset_conv1[level](torch.cat((neighbour, middle), 1)))


class _Fusion(nn.Module):
    """TSA: frames weighted by their likeness to the middle one, features by a pyramid of spatial attention."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.temporal_attn1, self.temporal_attn2 = _conv(n, n), _conv(n, n)
        self.feat_fusion = _conv(FRAMES * n, n, 1)
        self.spatial_attn1, self.spatial_attn2 = _conv(FRAMES * n, n, 1), _conv(2 * n, n, 1)
        self.spatial_attn3, self.spatial_attn4, self.spatial_attn5 = _conv(n, n), _conv(n, n, 1), _conv(n, n)
        self.spatial_attn_l1, self.spatial_attn_l2, self.spatial_attn_l3 = _conv(n, n, 1), _conv(2 * n, n), _conv(n, n)
        self.spatial_attn_add1, self.spatial_attn_add2 = _conv(n, n, 1), _conv(n, n, 1)

    def forward(self, aligned: Tensor) -> Tensor:
        """(B, 5, C, H, W) to (B, C, H, W)."""
        middle = self.temporal_attn1(aligned[:, RADIUS])
        others = self.temporal_attn2(aligned.flatten(0, 1)).view_as(aligned)
        likeness = (others * middle[:, None]).sum(2, keepdim=True).sigmoid()
        stacked = (aligned * likeness).flatten(1, 2)
        attention = _leaky(self.spatial_attn2(_pooled(_leaky(self.spatial_attn1(stacked)))))
        deeper = _leaky(self.spatial_attn_l2(_pooled(_leaky(self.spatial_attn_l1(attention)))))
        deeper = _twice(_leaky(self.spatial_attn_l3(deeper)))
        attention = _twice(_leaky(self.spatial_attn4(_leaky(self.spatial_attn3(attention)) + deeper)))
        attention = self.spatial_attn5(attention)
        added = self.spatial_attn_add2(_leaky(self.spatial_attn_add1(attention)))
        fused: Tensor = _leaky(self.feat_fusion(stacked)) * attention.sigmoid() * 2 + added  # 2: at 0 it stays as it is
        return fused


def _pooled(x: Tensor) -> Tensor:
    """Half the resolution: largest and mean values side by side."""
    return torch.cat((F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1)), 1)


class EDVR(nn.Module):
    """Width 1, 5 extracting and 40 reconstructing blocks make the published 23,602,019 parameters of L."""

    def __init__(self, *, width: float = 1.0, extracting: int = 5, reconstructing: int = 40) -> None:
        """Build the network.

        Args:
            width: factor on the 128 filters; the 8 groups of deformable convolutions stay.
            extracting: residual blocks before the alignment.
            reconstructing: residual blocks after the fusion.
        """
        super().__init__()
        groups = 8
        n, last = groups * max(1, round(16 * width)), max(1, round(64 * width))
        self.predeblur, self.conv_1x1 = _Predeblur(n), _conv(n, n, 1)
        self.feature_extraction = nn.Sequential(*(_Residual(n) for _ in range(extracting)))
        self.conv_l2_1, self.conv_l2_2 = _conv(n, n, stride=2), _conv(n, n)
        self.conv_l3_1, self.conv_l3_2 = _conv(n, n, stride=2), _conv(n, n)
        self.pcd_align, self.fusion = _Alignment(n, groups), _Fusion(n)
        self.reconstruction = nn.Sequential(*(_Residual(n) for _ in range(reconstructing)))
        self.upconv1, self.upconv2 = _conv(n, 4 * n), _conv(n, 4 * last)
        self.conv_hr, self.conv_last = _conv(last, last), _conv(last, 3)

    def forward(self, frames: Tensor) -> Tensor:
        """Deblur the middle frame.

        Args:
            frames: (B, 5, 3, H, W) RGB in [0, 1]; sides multiples of 16.

        Returns: (B, 3, H, W), about [0, 1], not clamped.
        """
        b = len(frames)
        level1 = self.feature_extraction(self.conv_1x1(self.predeblur(frames.flatten(0, 1))))
        level2 = _leaky(self.conv_l2_2(_leaky(self.conv_l2_1(level1))))
        level3 = _leaky(self.conv_l3_2(_leaky(self.conv_l3_1(level2))))
        levels = [level.unflatten(0, (b, FRAMES)) for level in (level1, level2, level3)]
        middle = [level[:, RADIUS] for level in levels]
        aligned = torch.stack([self.pcd_align([level[:, t] for level in levels], middle) for t in range(FRAMES)], 1)
        x = self.reconstruction(self.fusion(aligned))
        x = _leaky(F.pixel_shuffle(self.upconv1(x), 2))
        x = _leaky(F.pixel_shuffle(self.upconv2(x), 2))
        residue: Tensor = self.conv_last(_leaky(self.conv_hr(x)))
        return frames[:, RADIUS] + residue


def network(width: float, extracting: int, reconstructing: int) -> EDVR:
    """Build the untrained network of these options."""
    return EDVR(width=width, extracting=extracting, reconstructing=reconstructing)


def unroll(model: nn.Module, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield an update per frame that has its neighbours."""
    for t in range(RADIUS, blurry.shape[1] - RADIUS):
        yield [(model(blurry[:, t - RADIUS : t + RADIUS + 1]), sharp[:, t])]
