"""DVD's network DBN (Su et al., CVPR 2017): an encoder and decoder on five stacked frames, skips added."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from .alignment import aligned

RADIUS = 2  # frames on either side of the one that is deblurred
MULTIPLE = 8  # sides of the input must be multiples of this
ALIGNMENTS = ("none", "tvl1")
Pair = tuple[Tensor, Tensor]


def _down(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _up(inputs: int, outputs: int) -> nn.Sequential:
    """Without a ReLU: it comes after the skip is added."""
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs))


class DBN(nn.Module):
    """DeBlurNet; width 1 makes the 15,305,291 parameters that others count, its layers named as theirs."""

    def __init__(self, *, width: float = 1.0, sigmoid: bool = False, align: str = "none") -> None:
        """Build the network.

        Args:
            width: factor on the number of filters.
            sigmoid: whether the output passes a sigmoid, as in the authors' Torch program and in none of its ports.
            align: none, or tvl1 where the neighbours are aligned to the middle frame (DVD-noMC and DVD-MC of Table 4).
        """
        super().__init__()
        self.sigmoid, self.align = sigmoid, align
        a, b, c, d = (max(1, round(n * width)) for n in (64, 128, 256, 512))
        self.F0 = _down(3 * (2 * RADIUS + 1), a, 5)
        self.D1 = _down(a, a, stride=2)
        self.F1_1, self.F1_2 = _down(a, b), _down(b, b)
        self.D2 = _down(b, c, stride=2)
        self.F2_1, self.F2_2, self.F2_3 = _down(c, c), _down(c, c), _down(c, c)
        self.D3 = _down(c, d, stride=2)
        self.F3_1, self.F3_2, self.F3_3 = _down(d, d), _down(d, d), _down(d, d)
        self.U1 = _up(d, c)
        self.F4_1, self.F4_2, self.F4_3 = _down(c, c), _down(c, c), _down(c, c)
        self.U2 = _up(c, b)
        self.F5_1, self.F5_2 = _down(b, b), _down(b, a)
        self.U3 = _up(a, a)
        self.F6_1, self.F6_2 = _down(a, 15), nn.Sequential(nn.Conv2d(15, 3, 3, 1, 1), nn.BatchNorm2d(3))

    def forward(self, frames: Tensor) -> Tensor:
        """Deblur the middle frame.

        Args:
            frames: (B, 5, 3, H, W) RGB, in [0, 1] with the sigmoid and in [-0.5, 0.5] without; sides multiples of 8.

        Returns: (B, 3, H, W) in the same range, not clamped.
        """
        x0 = self.F0(frames.flatten(1, 2))
        x1 = self.F1_2(self.F1_1(self.D1(x0)))
        x2 = self.F2_3(self.F2_2(self.F2_1(self.D2(x1))))
        x = self.F3_3(self.F3_2(self.F3_1(self.D3(x2))))
        x = self.F4_3(self.F4_2(self.F4_1((self.U1(x) + x2).relu())))
        x = self.F5_2(self.F5_1((self.U2(x) + x1).relu()))
        x = self.F6_2(self.F6_1((self.U3(x) + x0).relu())) + frames[:, RADIUS]
        return x.sigmoid() if self.sigmoid else x


def network(width: float, sigmoid: bool, align: str) -> DBN:
    """Build the untrained network of these options; its output starts as the middle frame (ours, for short trainings).

    Raises:
        ValueError: if align is neither none nor tvl1.
    """
    if align not in ALIGNMENTS:
        raise ValueError(f"unknown align '{align}'; choose from {', '.join(ALIGNMENTS)}")
    model = DBN(width=width, sigmoid=sigmoid, align=align)
    nn.init.zeros_(model.F6_2[1].weight)  # type: ignore[arg-type]  # nn.Sequential does not say what it holds
    return model


def deblurred(model: DBN, frames: Tensor) -> Tensor:
    """Deblur the middle one of (B, 5, 3, H, W) frames in [0, 1], aligned first if the options say so; not clamped."""
    if model.align == "tvl1":
        frames = torch.stack([aligned(window) for window in frames])
    shift = 0.0 if model.sigmoid else 0.5
    output: Tensor = model(frames - shift) + shift
    return output


def unroll(model: DBN, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield an update per frame that has its neighbours."""
    for t in range(RADIUS, blurry.shape[1] - RADIUS):
        yield [(deblurred(model, blurry[:, t - RADIUS : t + RADIUS + 1]), sharp[:, t])]


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the names of ESTRNN's port, whose training program puts `model.` before them, or of a bare state."""
    return {name.removeprefix("model."): value for name, value in state.items()}
