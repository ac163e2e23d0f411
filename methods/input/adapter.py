"""The blurry input as it is: the row that every method must beat (Table 2)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip


class Method:
    """Leaves each frame unchanged."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Load nothing."""

    def parameters(self) -> Mapping[str, int]:
        """Count no parameters."""
        return {}

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Yield the frames of clip as they are."""
        yield from clip
