"""Zero flow: the floor of Table 1, and the baseline without motion compensation of Table 2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class Method:
    """Estimates that nothing moves."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Load nothing."""

    def parameters(self) -> Mapping[str, int]:
        """Count no parameters."""
        return {}

    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """Return zeros, (2, H, W)."""
        return target.new_zeros(2, *target.shape[1:])
