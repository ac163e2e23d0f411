"""A FlowNet2 as a motion estimator: BIMNet-FN2 and the FlowNet2 rows of Table 1."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pvdbench.core.errors import WeightsError
from pvdbench.core.weights import fill, load_weights
from pvdbench.motion.flownet2 import MULTIPLE, FlowNet2


def flownet2_header(network: FlowNet2) -> dict[str, Any]:
    """What a weights file's header says, enough to build the network again."""
    return {"network": "flownet2", "width": network.width}


def load_flownet2(path: Path) -> FlowNet2:
    """The network of a weights file.

    Raises:
        WeightsError: if the file is missing, damaged or of another network.
    """
    tensors, header = load_weights(path)
    if header.get("network") != "flownet2":
        raise WeightsError(f"{path}: expected the weights of a flownet2, got those of {header.get('network')}; "
                           "import its published checkpoint with `pvdbench weights import`")  # fmt: skip
    network = FlowNet2(header["width"])
    fill(network, tensors, path)
    return network


class FlowNet2Estimator:
    """Flow between two frames of any size; sides that are no multiple of 64 are padded by repeating the edge."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:  # noqa: ARG002
        """Read weights["network"]; there are no options."""
        self._device = device
        self._network = load_flownet2(weights["network"]).to(device).eval()

    def parameters(self) -> Mapping[str, int]:
        """All are motion's."""
        return {"motion": sum(p.numel() for p in self._network.parameters())}

    @torch.inference_mode()
    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """(2, H, W) flow in pixels from target to source, (3, H, W) RGB in [0, 1] each."""
        h, w = target.shape[1:]
        border = (0, -w % MULTIPLE, 0, -h % MULTIPLE)
        frames = (F.pad(frame[None].to(self._device), border, mode="replicate") for frame in (target, source))
        flow: Tensor = self._network(*frames)
        return flow[0, :, :h, :w].cpu()
