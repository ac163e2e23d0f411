"""Base class of deblurrers whose network is trained here or imported: it reads the row's weights."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pvdbench.core.device import for_inference
from pvdbench.core.errors import WeightsError, shorten
from pvdbench.core.padding import padded
from pvdbench.io.weights import fill, load_weights


class TrainedMethod:
    """Base class of deblurrers with trained weights; an adapter sets the attributes and adds deblur.

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
            raise WeightsError(f"{self.name}: this method needs a file of weights; give one with --weights: a "
                               f"trained row's, or one by `pvdbench weights import --method {self.name}`")  # fmt: skip
        path = weights["network"]
        tensors, header = load_weights(path)
        if header.get("network") != self.name:
            raise WeightsError(f"{path}: these are weights of '{str(header.get('network'))[:60]}', not of "
                               f"'{self.name}'; name a row of this method")  # fmt: skip
        try:
            self._device, self._network = device, type(self).build(**header["options"])
        except Exception as error:  # a header may say anything
            reason = shorten(f"{type(error).__name__}: {error}")
            raise WeightsError(f"{path}: its header describes no network that can be built ({reason}); make or import "
                               "the file again") from error  # fmt: skip
        fill(self._network, tensors, path)
        for_inference(self._network, device)

    def parameters(self) -> Mapping[str, int]:
        """Count the network's parameters; all are for deblurring."""
        return {"deblur": sum(p.numel() for p in self._network.parameters())}

    def ready(self, frames: Tensor) -> Tensor:
        """Move frames (..., 3, H, W) to the device as a batch of one, padded as the network needs."""
        return padded(frames[None].to(self._device), self.multiple)

    def cut(self, output: Tensor, like: Tensor) -> Tensor:
        """Take the frame out of a batch of one: in [0, 1], on the CPU, as large as the frame like."""
        h, w = like.shape[-2:]
        return output[0, :, :h, :w].clamp(0, 1).cpu()
