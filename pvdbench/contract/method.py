"""What a method of methods/ offers: a Deblurrer or a MotionEstimator, in its adapter.py under the name Method."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from pvdbench.contract.clip import Clip


@runtime_checkable
class Loadable(Protocol):
    """What both kinds of method share."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Get ready; not timed.

        Args:
            weights: name to file; a method that was trained here finds its file under "network".
            device: where to compute.
            options: as in method.yaml, overridden by the study.
        """

    def parameters(self) -> Mapping[str, int]:
        """Learned parameters by part ("deblur", "motion"); empty for a method without any."""


@runtime_checkable
class Deblurrer(Loadable, Protocol):
    """Restores the sharp frames of a clip.

    One whose attribute upper_bound is true is shown clip.truth: what it gives says how much a perfect choice would be
    worth, and is no result.
    """

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """One (3, H, W) frame in [0, 1] for each frame of clip, in order; timed frame by frame."""


@runtime_checkable
class MotionEstimator(Loadable, Protocol):
    """Estimates optical flow."""

    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """(2, H, W) flow in pixels, (x, y): target(p) looks like source(p + flow(p)).

        Args:
            target, source: (3, H, W) RGB in [0, 1].
        """
