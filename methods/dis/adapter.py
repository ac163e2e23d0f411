"""DIS flow (Kroeger et al., ECCV 2016) by OpenCV: a classic estimator, many times faster than TV-L1."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvdbench.core.colour import gray
from pvdbench.core.errors import MethodError

_PRESETS = {"ultrafast": 0, "fast": 1, "medium": 2}  # OpenCV's numbers


class Method:
    """Matches patches of gray frames from coarse to fine and refines the flow."""

    def load(self, weights: Mapping[str, Path], device: torch.device, *, preset: str, **options: Any) -> None:
        """Make OpenCV's estimator.

        Raises:
            MethodError: if there is no preset of that name.
        """
        import cv2

        if preset not in _PRESETS:
            raise MethodError(f"DIS: unknown preset '{preset}'; choose from {', '.join(_PRESETS)}")
        cv2.setNumThreads(torch.get_num_threads())
        self._estimator = cv2.DISOpticalFlow_create(_PRESETS[preset])

    def parameters(self) -> Mapping[str, int]:
        """Count no parameters: none are learned."""
        return {}

    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate the flow (2, H, W) in pixels; OpenCV's, too, leads from its first image to its second."""
        flow = self._estimator.calc(_bytes(target), _bytes(source), None)
        return torch.from_numpy(flow).permute(2, 0, 1).contiguous()


def _bytes(frame: Tensor) -> NDArray[np.uint8]:
    """Convert a frame to the gray bytes (H, W) that OpenCV takes."""
    return np.asarray(gray(frame[None])[0, 0].mul(255).round().to(torch.uint8).numpy())
