"""TV-L1 (Sanchez et al., IPOL 2013), the classic estimator of Table 1, from scikit-image."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.registration import optical_flow_tvl1
from torch import Tensor

from pvdbench.core.colour import gray_709


class Method:
    """Estimates flow between gray frames by total-variation regularised optimisation."""

    def load(
        self, weights: Mapping[str, Path], device: torch.device, *,
        attachment: float, tightness: float, warps: int, iterations: int, **options: Any,
    ) -> None:  # fmt: skip
        """Keep the options, scikit-image's own defaults unless a study says otherwise."""
        self._options = {"attachment": attachment, "tightness": tightness, "num_warp": warps, "num_iter": iterations}

    def parameters(self) -> Mapping[str, int]:
        """Count no parameters: none are learned."""
        return {}

    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate the flow (2, H, W) in pixels; scikit-image gives (y, x), from its reference to its moving image."""
        reference, moving = (gray_709(frame.permute(1, 2, 0).numpy()) for frame in (target, source))
        y, x = optical_flow_tvl1(reference, moving, **self._options)
        return torch.from_numpy(np.stack((x, y)).astype(np.float32))
