"""The blurry input as it is: the row that every method must beat (Table 2)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip


class Method:
    """Returns each frame unchanged."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Nothing to load."""

    def parameters(self) -> Mapping[str, int]:
        """None."""
        return {}

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """The frames of clip."""
        yield from clip
