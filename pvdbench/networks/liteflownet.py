"""LiteFlowNet (Hui et al., CVPR 2018), the network of BIMNet (Sec. 3.1), of any width."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.errors import DataError
from pvdbench.networks.liteflownet_modules import FLOW_SCALE, Encoder, Matching, Regularization, Subpixel

Preprocessing = Literal["rgb", "bgr-means"]
"""The PVDNet authors feed RGB in [0, 1]; LiteFlowNet's published weights need BGR minus the means of their data."""

LEVELS = (6, 5, 4, 3, 2)  # 1/32 to 1/2 of the resolution
MULTIPLE = 32  # sides of the input must be multiples of this
_MEANS = ((0.411618, 0.434631, 0.454253), (0.410782, 0.433645, 0.452793))  # of first and second image, BGR


@dataclass(frozen=True)
class EncodedFrame:
    """What LiteFlowNet reads of a frame: at each level its features, and the frame itself in that size.

    Attributes:
        sides: height and width of the frame, before it was cropped to multiples of 32.
    """

    features: dict[int, Tensor]
    images: dict[int, Tensor]
    sides: tuple[int, int]


class LiteFlowNet(nn.Module):
    """Flow from target to source, (x, y) in pixels: target(p) looks like source(p + flow(p)).

    Width 1 is the original network of 5,381,969 parameters.
    """

    def __init__(self, width: float = 1.0, preprocessing: Preprocessing = "rgb") -> None:
        """Build the network.

        Args:
            width: factor on the number of filters of every layer.
            preprocessing: what the weights were trained on.
        """
        super().__init__()
        self.width, self.preprocessing = width, preprocessing
        self.encoder = Encoder(width)
        self.matching = nn.ModuleList(Matching(level, width) for level in reversed(LEVELS))
        self.subpixel = nn.ModuleList(Subpixel(level, width) for level in reversed(LEVELS))
        self.regularization = nn.ModuleList(Regularization(level, width) for level in reversed(LEVELS))

    @property
    def encodes_alike(self) -> bool:
        """Whether a frame is encoded as source as it is as target, so that once is enough for two pairs."""
        return self.preprocessing == "rgb"

    def encode(self, frame: Tensor, *, source: bool = False) -> EncodedFrame:
        """Encode a frame, cropped to multiples of 32 at the right and bottom as by the authors' code.

        Args:
            frame: (B, 3, H, W) RGB in [0, 1].
            source: whether it is the frame that flow leads to.

        Raises:
            DataError: if a side is shorter than 32.
        """
        h, w = frame.shape[2:]
        if min(h, w) < MULTIPLE:
            raise DataError(f"LiteFlowNet: a frame of {w}x{h} is smaller than {MULTIPLE}x{MULTIPLE}; use larger frames "
                            "or another method")  # fmt: skip
        image = frame[:, :, : h - h % MULTIPLE, : w - w % MULTIPLE]
        if self.preprocessing == "bgr-means":
            image = _centred(image, _MEANS[source])
        features = self.encoder(image)
        images = _shrunk(image, features)
        needed, sizes = ({level: maps[level] for level in LEVELS} for maps in (features, images))
        return EncodedFrame(needed, sizes, (h, w))

    def pyramid(self, target: EncodedFrame, source: EncodedFrame) -> dict[int, Tensor]:
        """Estimate each level's flow, {level: (B, 2, H / 2^(level-1), W / 2^(level-1))}, in full-resolution pixels.

        Raises:
            ValueError: if a side of the frames is no multiple of 32, so that a level shows less than the whole frame.
        """
        if any(side % MULTIPLE for side in target.sides):
            raise ValueError(f"sides must be multiples of {MULTIPLE}, got {target.sides}")
        return {level: flow * FLOW_SCALE for level, flow in self._levels(target, source).items()}

    def _levels(self, target: EncodedFrame, source: EncodedFrame) -> dict[int, Tensor]:
        """Estimate the flow from coarse to fine, in the network's own units."""
        flow, flows = None, {}
        for level in LEVELS:
            first, second, n = target.features[level], source.features[level], level - 2
            flow = self.matching[n](first, second, flow)
            flow = self.subpixel[n](first, second, flow)
            flow = self.regularization[n](target.images[level], source.images[level], first, flow)
            flows[level] = flow
        return flows

    def between(self, target: EncodedFrame, source: EncodedFrame) -> Tensor:
        """Estimate the full-resolution flow (B, 2, H, W) of two encoded frames.

        As the authors' code: half-resolution flow upsampled bilinearly (its values are full-resolution pixels already),
        zero flow where the frames were cropped.
        """
        half, (h, w) = self._levels(target, source)[2] * FLOW_SCALE, target.sides
        inner_h, inner_w = h - h % MULTIPLE, w - w % MULTIPLE
        flow = F.interpolate(half, size=(inner_h, inner_w), mode="bilinear", align_corners=False)
        return F.pad(flow, (0, w - inner_w, 0, h - inner_h))

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate the full-resolution flow (B, 2, H, W) of frames of any size from 32 on.

        Args:
            target, source: (B, 3, H, W) RGB in [0, 1].

        Raises:
            DataError: if a side is shorter.
        """
        return self.between(self.encode(target), self.encode(source, source=True))


def _shrunk(image: Tensor, features: dict[int, Tensor]) -> dict[int, Tensor]:
    """Shrink an image to each level's size, each from the one before, as the original does."""
    images = {1: image}
    for level in range(2, 7):
        size = features[level].shape[2:]
        images[level] = F.interpolate(images[level - 1], size=size, mode="bilinear", align_corners=False)
    return images


def _centred(image: Tensor, means: tuple[float, ...]) -> Tensor:
    # one after the other, as a tensor of the means would have to be copied to a card
    return torch.stack([channel - mean for channel, mean in zip(image.flip(1).unbind(1), means, strict=True)], 1)
