"""A motion network (LiteFlowNet, FlowNet2) as a motion estimator: what its weights file says, and its method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import fill, load_weights
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.liteflownet import LiteFlowNet

MotionNetwork = LiteFlowNet | FlowNet2


def motion_header(network: MotionNetwork) -> dict[str, Any]:
    """What a weights file's header says, enough to build the network again."""
    if isinstance(network, LiteFlowNet):
        return {"network": "liteflownet", "width": network.width, "preprocessing": network.preprocessing}
    return {"network": "flownet2", "width": network.width}


def motion_network(header: Mapping[str, Any]) -> MotionNetwork:
    """The untrained network that a header describes."""
    if header["network"] == "liteflownet":
        return LiteFlowNet(header["width"], header["preprocessing"])
    return FlowNet2(header["width"])


def load_motion_network(path: Path) -> MotionNetwork:
    """The network of a weights file that a motion training or an import wrote.

    Raises:
        WeightsError: if the file is missing, damaged or of another network.
    """
    tensors, header = load_weights(path)
    if header.get("network") not in ("liteflownet", "flownet2"):
        raise WeightsError(f"{path}: expected the weights of a liteflownet or flownet2, got those of "
                           f"{header.get('network')}; name a row of `motion` that has a network")  # fmt: skip
    network = motion_network(header)
    fill(network, tensors, path)
    return network


class NetworkEstimator:
    """Flow between two frames by the network of a row's weights."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Read weights["network"]; there are no options."""
        self._device = device
        self._network = load_motion_network(weights["network"]).to(device).eval()

    def parameters(self) -> Mapping[str, int]:
        """All are motion's."""
        return {"motion": sum(p.numel() for p in self._network.parameters())}

    @torch.inference_mode()
    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """(2, H, W) flow in pixels from target to source, (3, H, W) RGB in [0, 1] each; LiteFlowNet wants 32 px."""
        flow: Tensor = self._network(target[None].to(self._device), source[None].to(self._device))
        return flow[0].cpu()
