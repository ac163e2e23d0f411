"""PVDNet (Sec. 3.3, Fig. 5): a U-Net on three blurry frames and the pixel volume, of any width."""

import torch
from torch import Tensor, nn

from pvdbench.networks.liteflownet_modules import scaled

MULTIPLE = 4  # sides of the input must be multiples of this


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def _relu() -> nn.ReLU:
    """In place: what a convolution gave is needed nowhere else, and a pass over memory less is a tenth of its time."""
    return nn.ReLU(inplace=True)


class _Residual(nn.Module):
    """x + ReLU(conv(ReLU(conv(x)))): the authors' code has a ReLU after the second convolution, too."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels, 3), _relu(), _conv(channels, channels, 3), _relu())

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.body(x)
        return x + residue


class PVDNet(nn.Module):
    """The deblurring network; width 1, 12 blocks and 25 candidates make the paper's 5,132,579 parameters."""

    def __init__(
        self,
        *,
        candidates: int = 25,
        width: float = 1.0,
        blocks: int = 12,
        branch_width: float | None = None,
        residual_width: float | None = None,
    ) -> None:
        """Build the network.

        Args:
            candidates: channels of the volume; k * k, or 1 for a plainly warped frame.
            width: factor on the number of filters of every layer.
            blocks: residual blocks.
            branch_width: that of the input branches and level 1's first convolution; width if not given. With 1 and a
                width of 2 there are 19,606,243 parameters, Table 3's Large.
            residual_width: that of the residual blocks; width if not given. With 1.5 and 24 blocks there are
                17,979,811 parameters, the released "larger model".
        """
        super().__init__()
        branch, residual = (width if other is None else other for other in (branch_width, residual_width))
        images, values, first = (scaled(n, branch) for n in (32, 64, 64))
        mid, wide, deep = scaled(64, width), scaled(128, width), scaled(128, residual)
        self.volume_branch = nn.Sequential(_conv(candidates, values, 3), _relu(), _conv(values, values, 3), _relu())
        self.image_branch = nn.Sequential(_conv(9, images, 3), _relu(), _conv(images, images, 3), _relu())
        self.level0 = _conv(values + images, mid, 5)
        self.level1 = nn.Sequential(_conv(mid, first, 5, 2), _relu(), _conv(first, mid, 5))
        self.level2 = nn.Sequential(_conv(mid, wide, 5, 2), _relu(), _conv(wide, deep, 5))
        self.residuals = nn.Sequential(*(_Residual(deep) for _ in range(blocks)))
        self.residuals_end = _conv(deep, deep, 3)
        self.up1 = nn.ConvTranspose2d(deep, mid, 4, 2, 1)
        self.up1_end = nn.Sequential(_relu(), _conv(mid, mid, 5), _relu())
        self.up2 = nn.ConvTranspose2d(mid, mid, 4, 2, 1)
        self.up2_end = nn.Sequential(_relu(), _conv(mid, mid, 5), _relu())
        self.end = _conv(mid, 3, 5)

    def forward(self, previous: Tensor, current: Tensor, following: Tensor, volume: Tensor) -> Tensor:
        """Deblur current.

        Args:
            previous, current, following: (B, 3, H, W) blurry RGB frames in [-1, 1]; H and W multiples of 4.
            volume: (B, candidates, H, W) of the deblurred previous frame, in [-1, 1].

        Returns: (B, 3, H, W), about [-1, 1], not clamped.
        """
        images = self.image_branch(torch.cat((current, previous, following), 1))  # the authors' order
        # As in the authors' code, by its recorded outputs: a skip connection carries what goes down the encoder,
        # without a ReLU, which comes only after the sum; the deepest level is rectified before its skip.
        x0 = self.level0(torch.cat((self.volume_branch(volume), images), 1))
        x1 = self.level1(x0)
        x2 = self.level2(x1).relu_()
        x = self.residuals_end(self.residuals(x2)).relu_() + x2
        x = self.up1_end(self.up1(x) + x1)
        x = self.up2_end(self.up2(x) + x0)
        residue: Tensor = self.end(x)
        return current + residue
