"""OVD (Kim et al., ICCV 2017): STRCNN, a recurrent encoder and decoder, with dynamic temporal blending (DTB)."""

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RADIUS = 2  # frames on either side of the one that is deblurred
MULTIPLE = 2  # sides of the input must be multiples of this
Pair = tuple[Tensor, Tensor]
State = tuple[Tensor, Tensor]
"""Features f and blended features h of the step before."""


class _Residual(nn.Module):
    """ReLU(x + BN(conv(ReLU(BN(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main_branch = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.main_branch(x)
        return (x + residue).relu()


class _Encoder(nn.Module):
    """Five frames and the features of the step before, to new features at half resolution."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.m1 = nn.Sequential(
            nn.Conv2d(3 * (2 * RADIUS + 1), channels, 5, padding=2), nn.ReLU(),
            nn.Conv2d(channels, channels // 2, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.m2 = nn.Sequential(*(_Residual(channels) for _ in range(blocks)))

    def forward(self, frames: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.m2(torch.cat((self.m1(frames), features), 1))
        return output


class _Blending(nn.Module):
    """DTB: a weight per value says how much of the new features and how much of the previous blended ones to take.

    The paper adds a learned bias to the weight; the port that the recorded outputs come from neither trains nor saves
    it (it is 0), and where the 5x5 filter would reach beyond the features it takes only the previous ones.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(2 * channels, channels, 5)

    def forward(self, new: Tensor, before: Tensor) -> Tensor:
        weight = F.pad((self.filter(torch.cat((new, before), 1)) / 2).tanh().abs(), (2, 2, 2, 2))
        return weight * new + (1 - weight) * before


class _Decoder(nn.Module):
    """Blended features to a frame, and to the features of the next step."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.m1 = nn.Sequential(*(_Residual(channels) for _ in range(blocks)))
        self.m2 = nn.Sequential(
            nn.ConvTranspose2d(channels, channels, 4, 2, 1), nn.ReLU(), nn.Conv2d(channels, 3, 3, padding=1)
        )
        self.f = nn.Sequential(nn.Conv2d(channels, channels // 2, 3, padding=1), nn.ReLU())

    def forward(self, blended: Tensor) -> tuple[Tensor, Tensor]:
        x = self.m1(blended)
        return self.m2(x), self.f(x)


class STRCNN(nn.Module):
    """One step of the recurrence; width 1 and 4 blocks make 926,083 parameters."""

    def __init__(self, *, width: float = 1.0, blocks: int = 4) -> None:
        """Build the network.

        Args:
            width: factor on the 64 filters.
            blocks: residual blocks of the encoder, and as many of the decoder.
        """
        super().__init__()
        self.channels = max(2, 2 * round(32 * width))
        self.encoder = _Encoder(self.channels, blocks)
        self.dtb = _Blending(self.channels)
        self.decoder = _Decoder(self.channels, blocks)

    def start(self, frame: Tensor) -> State:
        """Return the state before the first step: zeros."""
        b, _, h, w = frame.shape
        return (
            frame.new_zeros(b, self.channels // 2, h // 2, w // 2),
            frame.new_zeros(b, self.channels, h // 2, w // 2),
        )

    def forward(self, frames: Tensor, state: State) -> tuple[Tensor, State]:
        """Deblur the middle frame.

        Args:
            frames: (B, 5, 3, H, W) RGB in [-0.5, 0.5]; H and W even.
            state: of the step before.

        Returns: (B, 3, H, W) in the same range, not clamped, and the next step's state.
        """
        features, before = state
        blended = self.dtb(self.encoder(frames.flatten(1, 2), features), before)
        output, features = self.decoder(blended)
        return output, (features, blended)


def network(width: float, blocks: int) -> STRCNN:
    """Build the untrained network of these options."""
    return STRCNN(width=width, blocks=blocks)


def unroll(model: STRCNN, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield one update per sequence, through all frames that have their neighbours."""
    outputs, state = [], model.start(blurry[:, 0])
    for t in range(RADIUS, blurry.shape[1] - RADIUS):
        output, state = model(blurry[:, t - RADIUS : t + RADIUS + 1] - 0.5, state)
        outputs.append(output + 0.5)
    yield [(torch.stack(outputs, 1), sharp[:, RADIUS : blurry.shape[1] - RADIUS])]


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the names of ESTRNN's port, whose training program puts `model.` before them, or of a bare state."""
    return {name.removeprefix("model."): value for name, value in state.items()}
