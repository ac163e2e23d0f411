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
    """Features F_B of the blurry frame and the hidden state to F_R, both at a quarter of the resolution, and to F_h."""

    def __init__(self, n: int, blocks: int) -> None:
        super().__init__()
        self.F_B = nn.Sequential(
            nn.Conv2d(3, n, 5, padding=2), nn.Conv2d(n, 2 * n, 5, 2, 2), nn.Conv2d(2 * n, 3 * n, 5, 2, 2)
        )
        self.F_R = nn.Sequential(*(_Residual(4 * n) for _ in range(blocks)))
        self.F_h = nn.Sequential(nn.Conv2d(4 * n, n, 3, padding=1), _Residual(n), nn.Conv2d(n, n, 3, padding=1))

    def forward(self, blurry: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        features = self.F_R(torch.cat((blurry, hidden), 1))
        return features, self.F_h(features)


class _LastCell(_Cell):
    """The second cell, which reconstructs the frame by F_L."""

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
        """Return the hidden state before the first frame: zeros."""
        b, _, h, w = frame.shape
        return frame.new_zeros(b, self.channels, h // 4, w // 4)

    def forward(self, frame: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Deblur a frame.

        Args:
            frame: (B, 3, H, W) RGB in [-0.5, 0.5]; sides multiples of 4.
            hidden: (B, channels, H / 4, W / 4), of the previous frame.

        Returns: (B, 3, H, W) in the same range, not clamped, and the next hidden state.
        """
        _, hidden = self.rnncell0(self.rnncell0.F_B(frame), hidden)
        blurry = self.rnncell1.F_B(frame)  # the same in every iteration
        for _ in range(self.iterations):
            features, hidden = self.rnncell1(blurry, hidden)
        output: Tensor = self.rnncell1.F_L(features)
        return output, hidden


def network(channels: int, blocks: int, iterations: int) -> IFIRNN:
    """Build the untrained network of these options: torch's own start, but the output starts near the input.

    Ours: the network has no skip from input to output, and a short training would first learn the identity. With fewer
    than 16 channels not all of a frame fits through.
    """
    model = IFIRNN(channels=channels, blocks=blocks, iterations=iterations)
    with torch.no_grad():
        for cell in (model.rnncell0, model.rnncell1):
            whole, *halvings = cell.F_B
            nn.init.dirac_(whole.weight[:3])
            nn.init.zeros_(whole.bias)
            for inputs, convolution in zip((3, 12), halvings, strict=True):
                _pass_blocks(convolution.weight, inputs, first=2)
                nn.init.zeros_(convolution.bias)
            for residual in cell.F_R:
                residual.main_branch[2].weight *= 0.1
        *doublings, last = model.rnncell1.F_L
        for outputs, convolution in zip((12, 3), doublings, strict=True):
            convolution.weight[:, :outputs] = 0
            _pass_blocks(convolution.weight, outputs, first=1)
            nn.init.zeros_(convolution.bias)
        nn.init.dirac_(last.weight)
        nn.init.zeros_(last.bias)
    return model


def _pass_blocks(weight: Tensor, pixels: int, *, first: int) -> None:
    """Let a convolution of stride 2 carry each 2x2 block of its first channels over to four channels, or back.

    Args:
        weight: (O, I, k, k) of a convolution, or of a transposed one, whose axes are (I, O, k, k).
        pixels: channels at the higher resolution.
        first: the tap that meets the block's first pixel.
    """
    for number in range(min(len(weight), 4 * pixels)):
        channel, place = divmod(number, 4)
        weight[number] = 0
        weight[number, channel, first + place // 2, first + place % 2] = 1


def unroll(model: IFIRNN, blurry: Tensor, sharp: Tensor) -> Iterator[list[Pair]]:
    """Yield one update per sequence, through all of its frames."""
    outputs, hidden = [], model.start(blurry[:, 0])
    for t in range(blurry.shape[1]):
        output, hidden = model(blurry[:, t] - 0.5, hidden)
        outputs.append(output + 0.5)
    yield [(torch.stack(outputs, 1), sharp)]


def published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the names of ESTRNN's port, whose training program puts `model.` before them, or of a bare state."""
    return {name.removeprefix("model."): value for name, value in state.items()}
