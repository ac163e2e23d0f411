"""IFI-RNN (Nah et al., CVPR 2019), C2H3: two recurrent cells, the hidden state passed on three times within a frame."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

MULTIPLE = 4  # sides of the input must be multiples of this
Pair = tuple[Tensor, Tensor]


class _Residual(nn.Module):
    """x + conv(ReLU(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main_branch = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.main_branch(x)
        return x + residue


class _Cell(nn.Module):
    """Blurry frame and hidden state to features F_R at a quarter of the resolution, and the next hidden state F_h."""

    def __init__(self, n: int, blocks: int) -> None:
        super().__init__()
        self.F_B = nn.Sequential(
            nn.Conv2d(3, n, 5, padding=2), nn.Conv2d(n, 2 * n, 5, 2, 2), nn.Conv2d(2 * n, 3 * n, 5, 2, 2)
        )
        self.F_R = nn.Sequential(*(_Residual(4 * n) for _ in range(blocks)))
        self.F_h = nn.Sequential(nn.Conv2d(4 * n, n, 3, padding=1), _Residual(n), nn.Conv2d(n, n, 3, padding=1))

    def forward(self, frame: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        features = self.F_R(torch.cat((self.F_B(frame), hidden), 1))
        return features, self.F_h(features)


class _LastCell(_Cell):
    """The second cell alone reconstructs the frame, by F_L."""

    def __init__(self, n: int, blocks: int) -> None:
        super().__init__(n, blocks)
        self.F_L = nn.Sequential(
            nn.ConvTranspose2d(4 * n, 2 * n, 3, 2, 1, output_padding=1),
            nn.ConvTranspose2d(2 * n, n, 3, 2, 1, output_padding=1),
            nn.Conv2d(n, 3, 5, padding=2),
        )


class IFIRNN(nn.Module):
    """One frame of the recurrence; 20 channels and 6 blocks make 1,635,683 parameters."""

    def __init__(self, *, channels: int = 20, blocks: int = 6, iterations: int = 3) -> None:
        """Build the network.

        Args:
            channels: of the hidden state; every layer is a multiple of it.
            blocks: residual blocks of a cell.
            iterations: how often the second cell passes the hidden state on.
        """
        super().__init__()
        self.channels, self.iterations = channels, iterations
        self.rnncell0, self.rnncell1 = _Cell(channels, blocks), _LastCell(channels, blocks)

    def start(self, frame: Tensor) -> Tensor:
        """The hidden state before the first frame: nothing."""
        b, _, h, w = frame.shape
        return frame.new_zeros(b, self.channels, h // 4, w // 4)

    def forward(self, frame: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Deblur a frame.

        Args:
            frame: (B, 3, H, W) RGB in [-0.5, 0.5]; sides multiples of 4.
            hidden: (B, channels, H / 4, W / 4), of the frame before.

        Returns: (B, 3, H, W) in the same range, not clamped, and the next hidden state.
        """
        _, hidden = self.rnncell0(frame, hidden)
        for _ in range(self.iterations):
            features, hidden = self.rnncell1(frame, hidden)
        output: Tensor = self.rnncell1.F_L(features)
        return output, hidden


def network(channels: int, blocks: int, iterations: int) -> IFIRNN:
    """The untrained network of these options."""
    return IFIRNN(channels=channels, blocks=blocks, iterations=iterations)


def unroll(model: IFIRNN, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """One update a sequence, through all of its frames."""
    outputs, hidden = [], model.start(blurry[:, 0])
    for t in range(blurry.shape[1]):
        output, hidden = model(blurry[:, t] - 0.5, hidden)
        outputs.append(output + 0.5)
    yield [(torch.stack(outputs, 1), sharp)]


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names of ESTRNN's port, whose training program puts `model.` before them, or of a bare state."""
    return {name.removeprefix("model."): value for name, value in state.items()}
