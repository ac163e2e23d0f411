"""SRN-DeblurNet (Tao et al., CVPR 2018) in colour with its ConvLSTM: one network for three scales, coarse to fine."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = 3
MULTIPLE = 4 * 2 ** (SCALES - 1)  # sides of the input must be multiples of this
FORGET_BIAS = 1.0
Pair = tuple[Tensor, Tensor]
State = tuple[Tensor, Tensor]
"""Cell c and output h of the ConvLSTM, a quarter as large as the scale's frame."""


class _Residual(nn.Module):
    """x + conv(ReLU(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 5, padding=2) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.conv2(self.conv1(x).relu())
        return x + residue


class _Halve(nn.Conv2d):
    """A 5x5 convolution of stride 2, padded as TensorFlow pads even sides: one pixel before, two behind."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 5, 2)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, (1, 2, 1, 2)))


class _ConvLSTM(nn.Module):
    """The recurrence over the scales; its output, not its cell, feeds the decoder."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, x: Tensor, state: State) -> State:
        cell, output = state
        enter, new, forget, leave = self.gates(torch.cat((x, output), 1)).chunk(4, 1)
        cell = cell * (forget + FORGET_BIAS).sigmoid() + enter.sigmoid() * new.tanh()
        return cell, cell.tanh() * leave.sigmoid()


class SRN(nn.Module):
    """Width 1 makes 8,061,411 parameters; the authors' program has 4,802 fewer in gray, this same network otherwise."""

    def __init__(self, *, width: float = 1.0, blocks: int = 3) -> None:
        """Build the network.

        Args:
            width: factor on the 32, 64 and 128 filters.
            blocks: residual blocks of each level of the encoder and of the decoder.
        """
        super().__init__()
        a, b, c = (max(1, round(n * width)) for n in (32, 64, 128))

        self.channels = c

        def residuals(channels: int) -> list[nn.Module]:
            return [_Residual(channels) for _ in range(blocks)]

        self.encoder1 = nn.Sequential(nn.Conv2d(6, a, 5, padding=2), nn.ReLU(), *residuals(a))
        self.encoder2 = nn.Sequential(_Halve(a, b), nn.ReLU(), *residuals(b))
        self.encoder3 = nn.Sequential(_Halve(b, c), nn.ReLU(), *residuals(c))
        self.memory = _ConvLSTM(c)
        self.decoder3 = nn.Sequential(*residuals(c), nn.ConvTranspose2d(c, b, 4, 2, 1), nn.ReLU())
        self.decoder2 = nn.Sequential(*residuals(b), nn.ConvTranspose2d(b, a, 4, 2, 1), nn.ReLU())
        self.decoder1 = nn.Sequential(*residuals(a), nn.Conv2d(a, 3, 5, padding=2))
        self.apply(_start)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """Deblur frames at every scale; no gradient passes from a scale's output to the next one's input.

        Args:
            frames: (B, 3, H, W) RGB in [0, 1]; sides multiples of 16.

        Returns: (B, 3, H / 4, W / 4), (B, 3, H / 2, W / 2) and (B, 3, H, W), about [0, 1], not clamped.
        """
        b, _, h, w = frames.shape
        deepest = frames.new_zeros(b, self.channels, h // MULTIPLE, w // MULTIPLE)
        state, outputs = (deepest, deepest), [reduced(frames, 2 ** (SCALES - 1))]
        for k in reversed(range(SCALES)):
            before = outputs[-1].detach()
            if k < SCALES - 1:
                before, state = _enlarged(before), (_enlarged(state[0]), _enlarged(state[1]))
            output, state = self._scale(torch.cat((reduced(frames, 2**k), before), 1), state)
            outputs.append(output)
        return outputs[1:]

    def _scale(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        level1 = self.encoder1(x)
        level2 = self.encoder2(level1)
        state = self.memory(self.encoder3(level2), state)
        output: Tensor = self.decoder1(self.decoder2(self.decoder3(state[1]) + level2) + level1)
        return output, state


def reduced(x: Tensor, factor: int) -> Tensor:
    """Every factor-th pixel: what TensorFlow's bilinear resizing of that time gives."""
    return x[..., ::factor, ::factor]


def _enlarged(x: Tensor) -> Tensor:
    """Twice as large, bilinearly, as TensorFlow did: even pixels are the old ones, odd ones means of neighbours."""
    h, w = x.shape[2:]
    x = F.pad(x, (0, 1, 0, 1), mode="replicate")
    return F.interpolate(x, (2 * h + 1, 2 * w + 1), mode="bilinear", align_corners=True)[..., : 2 * h, : 2 * w]


def _start(module: nn.Module) -> None:
    """Xavier's start without bias; the gates of the ConvLSTM near 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
    elif isinstance(module, _ConvLSTM):
        nn.init.normal_(module.gates.weight, std=1e-3)


def network(width: float, blocks: int) -> SRN:
    """Build the untrained network of these options."""
    return SRN(width=width, blocks=blocks)


def unroll(model: nn.Module, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield an update per frame: every scale's output and its truth."""
    for t in range(blurry.shape[1]):
        outputs = model(blurry[:, t])
        yield [(output, reduced(sharp[:, t], 2 ** (SCALES - 1 - k))) for k, output in enumerate(outputs)]
