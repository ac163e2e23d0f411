"""DeepDeblur's MSResNet (Nah et al., CVPR 2017), as its author's PyTorch version has it: three scales."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = 3
MULTIPLE = 2 ** (SCALES - 1)  # sides of the input must be multiples of this
Pair = tuple[Tensor, Tensor]


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 5, padding=2)


class _Residual(nn.Module):
    """x + conv(ReLU(conv(x))), without batch normalisation and without a ReLU after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels), nn.ReLU(), _conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.body(x)
        return x + residue


class _Scale(nn.Module):
    """One scale: a convolution, the residual blocks, a convolution."""

    def __init__(self, inputs: int, channels: int, blocks: int) -> None:
        super().__init__()
        residuals = (_Residual(channels) for _ in range(blocks))
        self.body = nn.Sequential(_conv(inputs, channels), *residuals, _conv(channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.body(x)
        return output


class _Up(nn.Module):
    """A scale's output to the size of the next finer one, by a learned sub-pixel convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.uppath = nn.Sequential(_conv(3, 12), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.uppath(x)
        return output


class MSResNet(nn.Module):
    """Scale 0 is the finest; width 1 and 19 blocks make the published 11,721,321 parameters."""

    def __init__(self, *, width: float = 1.0, blocks: int = 19) -> None:
        """Build the network.

        Args:
            width: factor on the 64 filters.
            blocks: residual blocks of a scale.
        """
        super().__init__()
        channels = max(1, round(64 * width))
        self.body_models = nn.ModuleList(_Scale(3 if k == SCALES - 1 else 6, channels, blocks) for k in range(SCALES))
        # keyed by the scale whose output they enlarge; the finest has none
        self.conv_end_models = nn.ModuleDict({str(k): _Up() for k in range(1, SCALES)})

    def forward(self, pyramid: list[Tensor]) -> list[Tensor]:
        """Deblur every scale.

        Args:
            pyramid: (B, 3, H / 2^k, W / 2^k) RGB in [0, 255], the finest first.

        Returns: as pyramid, not clamped.
        """
        outputs: list[Tensor] = []
        for k in reversed(range(SCALES)):
            blurry = pyramid[k] - 127.5
            if outputs:
                blurry = torch.cat((blurry, self.conv_end_models[str(k + 1)](outputs[0])), 1)
            outputs.insert(0, self.body_models[k](blurry))
        return [output + 127.5 for output in outputs]


def pyramid(frames: Tensor) -> list[Tensor]:
    """Frames at every scale, the finest first; each 2x2 block becomes its mean.

    Ours: the author's program blurs by a Gaussian, whose constants are not in the paper.
    """
    return [frames, *(F.avg_pool2d(frames, 2**k) for k in range(1, SCALES))]


def network(width: float, blocks: int) -> MSResNet:
    """Build the untrained network of these options: torch's own start, but every scale's output starts near its input.

    Ours: the network has no skip from input to output, and a short training would first learn the identity.
    """
    model = MSResNet(width=width, blocks=blocks)
    with torch.no_grad():
        for scale in model.body_models:
            first, *residuals, last = scale.body
            kept = min(first.weight.shape[:2])
            nn.init.dirac_(first.weight[:kept])
            nn.init.dirac_(last.weight)
            for residual in residuals:
                residual.body[2].weight *= 0.1
    return model


def unroll(model: nn.Module, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield an update per frame: every scale's output and its truth."""
    for t in range(blurry.shape[1]):
        outputs = model(pyramid(blurry[:, t] * 255))
        yield list(zip((output / 255 for output in outputs), pyramid(sharp[:, t]), strict=True))
