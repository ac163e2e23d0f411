"""Single-image networks by spandrel: any checkpoint that it knows, each frame by itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.methods.clip import Clip

from .torchvision_names import torchvision_names


class Method:
    """Deblurs by the network that spandrel finds in weights["checkpoint"]."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Let spandrel recognise the network by its checkpoint's keys; code in a pickle is refused, never run.

        Raises:
            MethodError: if spandrel is not installed.
            WeightsError: if the checkpoint is damaged, of no network that spandrel knows, or of none that turns one RGB
                frame into another of its size.
        """
        spandrel = _import_spandrel()
        path = weights["checkpoint"]
        try:
            network = spandrel.ModelLoader(device).load_from_file(path)
        except Exception as error:  # spandrel and pickle raise many kinds
            said = " ".join(str(error).split())[:150] or type(error).__name__
            raise WeightsError(f"{path}: spandrel knows no network of this checkpoint: {said}; use another") from error
        _require_frame_to_frame(path, spandrel, network)
        self._network, self._device = network.eval(), device

    def parameters(self) -> Mapping[str, int]:
        """Count the network's parameters."""
        return {"deblur": sum(p.numel() for p in self._network.model.parameters())}

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame by itself; spandrel pads it as the network needs."""
        for frame in clip:
            yield self._network(frame[None].to(self._device))[0].clamp(0, 1).cpu()


def _import_spandrel() -> Any:
    with torchvision_names():
        try:
            import spandrel
            import spandrel_extra_arches
        except ImportError as error:
            raise MethodError(
                f"this method needs the package spandrel ({error}); pip install pvdbench[spandrel]"
            ) from error
    known = {support.architecture.id for support in spandrel.MAIN_REGISTRY}
    if not known >= {support.architecture.id for support in spandrel_extra_arches.EXTRA_REGISTRY}:
        spandrel_extra_arches.install()
    return spandrel


def _require_frame_to_frame(path: Path, spandrel: Any, network: Any) -> None:
    one = isinstance(network, spandrel.ImageModelDescriptor)
    got = (network.input_channels, network.output_channels, network.scale)
    if not one or got != (3, 3, 1):
        raise WeightsError(f"{path}: {network.architecture.name} makes {got[1]} channels at {got[2]} times the size "
                           f"out of {got[0]} channels, and this method needs one RGB frame out of another; use another "
                           "checkpoint")  # fmt: skip
