"""Motion networks (LiteFlowNet, FlowNet2) as motion estimators: the header of their weights files, and their method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from pvdbench.core.device import for_inference
from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import load_weights
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.from_weights import network_from_weights
from pvdbench.networks.liteflownet import LiteFlowNet, Preprocessing

MotionNetwork = LiteFlowNet | FlowNet2


def motion_header(network: MotionNetwork) -> dict[str, Any]:
    """Describe a network for the header of its weights file, fully enough to build it again."""
    if isinstance(network, LiteFlowNet):
        return {"network": "liteflownet", "width": network.width, "preprocessing": network.preprocessing}
    return {"network": "flownet2", "width": network.width}


def motion_network(header: Mapping[str, Any]) -> MotionNetwork:
    """Build the untrained network that a header describes.

    Raises:
        ValueError: if its preprocessing is unknown.
    """
    if header["network"] == "liteflownet":
        if header["preprocessing"] not in get_args(Preprocessing):
            raise ValueError(f"preprocessing '{header['preprocessing']}' is unknown")
        return LiteFlowNet(header["width"], header["preprocessing"])
    return FlowNet2(header["width"])


def load_motion_network(path: Path) -> MotionNetwork:
    """Read the network of a weights file that a motion training or an import wrote.

    Raises:
        WeightsError: if the file is missing, damaged or of another network.
    """
    tensors, header = load_weights(path)
    if header.get("network") not in ("liteflownet", "flownet2"):
        raise WeightsError(f"{path}: these are weights of {header.get('network') or 'no network'}, not of a "
                           "liteflownet or flownet2; name a row of `motion` that has a network")  # fmt: skip
    return network_from_weights(lambda: motion_network(header), tensors, path)


class NetworkEstimator:
    """Estimates the flow between two frames by the network of a row's weights."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Read weights["network"]; there are no options."""
        self._device = device
        self._network = for_inference(load_motion_network(weights["network"]), device)

    def parameters(self) -> Mapping[str, int]:
        """Count the network's parameters, all as motion's."""
        return {"motion": sum(p.numel() for p in self._network.parameters())}

    @torch.inference_mode()
    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate the flow (2, H, W) in pixels from target to source, (3, H, W) RGB in [0, 1] each."""
        flow: Tensor = self._network(target[None].to(self._device), source[None].to(self._device))
        return flow[0].cpu()
