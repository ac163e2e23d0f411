"""The modules of LiteFlowNet (Hui et al., CVPR 2018): its encoder (NetC), and what estimates a level's flow (NetE)."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.warp import backward_warp
from pvdbench.networks.cost_volume import cost_volume

FLOW_SCALE = 20.0  # inside the network flow is in units of 20 full-resolution pixels
_CHANNELS = {1: 32, 2: 32, 3: 64, 4: 96, 5: 128, 6: 192}
_KERNEL = {2: 7, 3: 5, 4: 5, 5: 3, 6: 3}


def scaled(channels: int, width: float) -> int:
    """Scale a number of channels by a width; width 1 is the paper's network."""
    return max(1, round(channels * width))


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def _leaky_relu() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.1, inplace=True)  # of a convolution's output, which is needed nowhere else


def _chain(channels: Sequence[int], last_kernel: int) -> nn.Sequential:
    """3x3 convolutions with leaky ReLUs between, the last with its own kernel and none after it."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(channels[:-1]):
        layers += [_conv(inputs, outputs), _leaky_relu()]
    return nn.Sequential(*layers, _conv(channels[-2], channels[-1], last_kernel))


def _convolution(module: nn.Module) -> nn.Conv2d:
    assert isinstance(module, nn.Conv2d)
    return module


def _pixel_scale(level: int) -> float:
    """From network units to pixels of a level."""
    return FLOW_SCALE * 0.5 ** (level - 1)


class Encoder(nn.Module):
    """NetC: features at six scales, the same weights for both frames."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c = {level: scaled(n, width) for level, n in _CHANNELS.items()}
        self.one = self._level(3, c[1], 7, first_stride=1, convolutions=1)
        self.two = self._level(c[1], c[2], 3, first_stride=2, convolutions=3)
        self.three = self._level(c[2], c[3], 3, first_stride=2, convolutions=2)
        self.four = self._level(c[3], c[4], 3, first_stride=2, convolutions=2)
        self.five = self._level(c[4], c[5], 3, first_stride=2, convolutions=1)
        self.six = self._level(c[5], c[6], 3, first_stride=2, convolutions=1)

    @property
    def first(self) -> nn.Conv2d:
        """The convolution that sees the image."""
        return _convolution(self.one[0])

    @staticmethod
    def _level(inputs: int, outputs: int, kernel: int, *, first_stride: int, convolutions: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for n in range(convolutions):
            stride = first_stride if n == 0 else 1
            layers += [_conv(inputs if n == 0 else outputs, outputs, kernel, stride), _leaky_relu()]
        return nn.Sequential(*layers)

    def forward(self, image: Tensor) -> dict[int, Tensor]:
        features = {}
        for level, stage in enumerate((self.one, self.two, self.three, self.four, self.five, self.six), 1):
            image = features[level] = stage(image)
        return features


class Matching(nn.Module):
    """NetE, descriptor matching: the residual flow read from a cost volume."""

    def __init__(self, level: int, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (32, 64, 128)}
        self.level = level
        self.feature = nn.Sequential(_conv(c[32], c[64], 1), _leaky_relu()) if level == 2 else nn.Identity()
        if level < 6:
            self.upsample_flow = nn.ConvTranspose2d(2, 2, 4, 2, 1, groups=2, bias=False)
        if level < 4:  # matched at half the positions and displacements, then upsampled
            self.upsample_cost = nn.ConvTranspose2d(49, 49, 4, 2, 1, groups=49, bias=False)
        self.flow = _chain((49, c[128], c[64], c[32], 2), _KERNEL[level])

    @property
    def last(self) -> nn.Conv2d:
        """The convolution that gives the residual flow."""
        return _convolution(self.flow[-1])

    def forward(self, first: Tensor, second: Tensor, flow: Tensor | None) -> Tensor:
        first, second = self.feature(first), self.feature(second)
        if flow is not None:
            flow = self.upsample_flow(flow)
            second = backward_warp(second, flow * _pixel_scale(self.level))
        step = 2 if self.level < 4 else 1
        cost = F.leaky_relu(cost_volume(first[:, :, ::step, ::step], second[:, :, ::step, ::step]), 0.1)
        if self.level < 4:
            cost = self.upsample_cost(cost)
        residual: Tensor = self.flow(cost)
        return residual if flow is None else flow + residual


class Subpixel(nn.Module):
    """NetE, sub-pixel refinement: the residual flow read from both feature maps."""

    def __init__(self, level: int, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (32, 64, 128)}
        self.level = level
        self.feature = nn.Sequential(_conv(c[32], c[64], 1), _leaky_relu()) if level == 2 else nn.Identity()
        inputs = 2 * (c[64] if level == 2 else scaled(_CHANNELS[level], width)) + 2
        self.flow = _chain((inputs, c[128], c[64], c[32], 2), _KERNEL[level])

    @property
    def last(self) -> nn.Conv2d:
        """The convolution that gives the residual flow."""
        return _convolution(self.flow[-1])

    def forward(self, first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
        first, second = self.feature(first), self.feature(second)
        second = backward_warp(second, flow * _pixel_scale(self.level))
        residual: Tensor = self.flow(_joined(first, second, flow))
        return flow + residual


class Regularization(nn.Module):
    """NetE, flow regularization: each pixel's flow becomes a learned average of its neighbours'."""

    def __init__(self, level: int, width: float) -> None:
        super().__init__()
        c = {n: scaled(n, width) for n in (32, 64, 128)}
        self.level, self.kernel = level, _KERNEL[level]
        features, taps = scaled(_CHANNELS[level], width), self.kernel**2
        small = level >= 5
        self.feature = nn.Identity() if small else nn.Sequential(_conv(features, c[128], 1), _leaky_relu())
        inputs = 3 + (features if small else c[128])
        self.main = nn.Sequential(
            *_chain((inputs, c[128], c[128], c[64], c[64], c[32], c[32]), last_kernel=3), _leaky_relu()
        )
        self.distance = nn.Sequential(*self._distance(c[32], taps, small))
        self.scale_x, self.scale_y = nn.Conv2d(taps, 1, 1), nn.Conv2d(taps, 1, 1)

    def _distance(self, inputs: int, taps: int, small: bool) -> list[nn.Module]:
        k = self.kernel
        if small:
            return [_conv(inputs, taps, k)]
        return [nn.Conv2d(inputs, taps, (k, 1), 1, (k // 2, 0)), nn.Conv2d(taps, taps, (1, k), 1, (0, k // 2))]

    def forward(self, image1: Tensor, image2: Tensor, first: Tensor, flow: Tensor) -> Tensor:
        warped = backward_warp(image2, flow * _pixel_scale(self.level))
        # the constant keeps the square root's gradient finite where both images are equal
        difference = ((image1 - warped).square().sum(1, keepdim=True) + 1e-12).sqrt()
        centred = flow - flow.mean((2, 3), keepdim=True)
        distance = self.distance(self.main(_joined(torch.cat((difference, centred), 1), self.feature(first))))
        squared = distance.contiguous().square()  # plane by plane: the sums below run over whole rows
        weight = (squared.amin(1, keepdim=True) - squared).exp()
        averages: Tensor = self._weighted(flow, weight) / weight.sum(1, keepdim=True)
        return averages

    def _weighted(self, flow: Tensor, weight: Tensor) -> Tensor:
        """Sum each pixel's neighbours by weight and learned scale, a row of the window at a time, none of it copied."""
        (_, _, h, w), k = flow.shape, self.kernel
        scale = torch.cat((self.scale_x.weight, self.scale_y.weight)).view(2, 1, -1, 1)
        # divided after the 1x1 convolutions, biases included, as in the original
        total = torch.stack([one.bias for one in (self.scale_x, self.scale_y) if one.bias is not None]).view(2, 1, 1)
        padded = F.pad(flow, (k // 2,) * 4)
        for row, (weights, scales) in enumerate(zip(torch.split(weight, k, 1), torch.split(scale, k, 2), strict=True)):
            neighbours = padded[:, :, row : row + h].unfold(3, w, 1)  # (B, 2, H, k, W), a view
            total = total + (weights.transpose(1, 2)[:, None] * neighbours * scales).sum(3)
        return total


def _joined(*maps: Tensor) -> Tensor:
    """Put maps together in the layout of the one with the most channels; on a mixture convolutions are slower."""
    most = max(maps, key=lambda one: one.shape[1])
    last = most.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.cat([one.contiguous(memory_format=layout) for one in maps], 1)
