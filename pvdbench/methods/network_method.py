"""What the adapters of methods with a network share: reading weights that were trained here or imported."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pvdbench.core.errors import WeightsError
from pvdbench.core.padding import padded
from pvdbench.io.weights import fill, load_weights


class TrainedMethod:
    """Half a deblurrer: the network of the row's weights. An adapter names its parts and adds deblur.

    Attributes:
        name: the method's folder.
        build: its network.py's network.
        multiple: what the sides of the network's input must be multiples of.
    """

    name: ClassVar[str]
    build: ClassVar[Callable[..., nn.Module]]
    multiple: ClassVar[int]

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Read weights["network"]; what it was trained or imported with goes before options.

        Raises:
            WeightsError: if there are none, or they are damaged or of another network.
        """
        if "network" not in weights:
            raise WeightsError(f"{self.name}: expected a file of weights, got none; train a row of it, or bring a "
                               f"checkpoint in by `pvdbench weights import --method {self.name}`")  # fmt: skip
        path = weights["network"]
        tensors, header = load_weights(path)
        if header.get("network") != self.name:
            raise WeightsError(f"{path}: expected the weights of a {self.name}, got those of {header.get('network')}; "
                               "name a row of this method")  # fmt: skip
        self._device, self._network = device, type(self).build(**header["options"])
        fill(self._network, tensors, path)
        self._network.to(device).eval()

    def parameters(self) -> Mapping[str, int]:
        """All are deblurring's."""
        return {"deblur": sum(p.numel() for p in self._network.parameters())}

    def ready(self, frames: Tensor) -> Tensor:
        """Frames (..., 3, H, W) as a batch of one on the device, padded as the network needs."""
        return padded(frames[None].to(self._device), self.multiple)

    def cut(self, output: Tensor, like: Tensor) -> Tensor:
        """A batch of one back as a frame in [0, 1] on the CPU, as large as the frame like."""
        h, w = like.shape[-2:]
        return output[0, :, :h, :w].clamp(0, 1).cpu()
