"""A trained LiteFlowNet as a motion estimator: what the methods liteflownet and bimnet share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import WeightsError
from pvdbench.core.weights import fill, load_weights
from pvdbench.motion.liteflownet import LiteFlowNet


def load_liteflownet(path: Path) -> LiteFlowNet:
    """The network of a weights file that a motion training wrote.

    Raises:
        WeightsError: if the file is missing, damaged or of another network.
    """
    tensors, header = load_weights(path)
    if header.get("network") != "liteflownet":
        raise WeightsError(f"{path}: expected the weights of a liteflownet, got those of {header.get('network')}; "
                           "name a row of `motion` that has a network")  # fmt: skip
    network = LiteFlowNet(header["width"], header["preprocessing"])
    fill(network, tensors, path)
    return network


def liteflownet_header(network: LiteFlowNet) -> dict[str, Any]:
    """What a weights file's header says, enough to build the network again."""
    return {"network": "liteflownet", "width": network.width, "preprocessing": network.preprocessing}


class LiteFlowNetEstimator:
    """Flow between two frames of any size of at least 32 pixels."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Read weights["network"]; there are no options."""
        self._device = device
        self._network = load_liteflownet(weights["network"]).to(device).eval()

    def parameters(self) -> Mapping[str, int]:
        """All are motion's."""
        return {"motion": sum(p.numel() for p in self._network.parameters())}

    @torch.inference_mode()
    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """(2, H, W) flow in pixels from target to source, (3, H, W) RGB in [0, 1] each."""
        flow: Tensor = self._network(target[None].to(self._device), source[None].to(self._device))
        return flow[0].cpu()
