"""What a method offers: a deblurrer, a motion estimator, and optionally a network that the training loop trains."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pvdbench.core.errors import ParamsError
from pvdbench.methods.clip import Clip


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


Pairs = Sequence[tuple[Tensor, Tensor]]
"""Estimates and truths of one update, in [0, 1]: one, or one a scale; the loss is the sum over them."""
State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Trainable:
    """The functions of methods/NAME/network.py.

    Attributes:
        name: of the folder; a weights file's header says it.
        network: from options to the untrained network, started by torch's own random numbers.
        unroll: from network, blurry and sharp frames (B, T, 3, H, W) in [0, 1] to the updates of such a batch, each
            computed when it is asked for, so that it sees the update before it.
        published: from a published checkpoint's tensors to those of network, names alone changed; identity without it.
    """

    name: str
    network: Callable[..., nn.Module]
    unroll: Callable[[nn.Module, Tensor, Tensor], Iterator[Pairs]]
    published: Callable[[State], State]

    def build(self, options: Mapping[str, Any]) -> nn.Module:
        """The untrained network of these options.

        Raises:
            ParamsError: if the method refuses them.
        """
        try:
            return self.network(**options)
        except Exception as error:  # each method refuses in its own way
            given = ", ".join(f"{name}: {value}" for name, value in options.items())
            raise ParamsError(f"{self.name}: expected options that its network can be built of, got {given} "
                              f"({error}); correct them") from error  # fmt: skip

    def header(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a weights file's header says, enough to build the network again."""
        return {"network": self.name, "options": dict(options)}
