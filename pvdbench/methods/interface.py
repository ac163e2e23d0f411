"""What a method offers (a deblurrer, a motion estimator, a network to train), and the validation of what it yields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pvdbench.core.errors import MethodError, ParamsError, shorten
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
        """Count learned parameters by part ("deblur", "motion"); empty for a method without any."""


@runtime_checkable
class Deblurrer(Loadable, Protocol):
    """Restores the sharp frames of a clip.

    One whose card says `upper_bound: true` is handed clip.truth: its frames show how much a perfect choice would be
    worth, and every table marks them. With `by-weights` its attribute upper_bound decides once it is loaded.
    """

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Yield one (3, H, W) frame in [0, 1] per frame of clip, in order; timed frame by frame."""


@runtime_checkable
class MotionEstimator(Loadable, Protocol):
    """Estimates optical flow."""

    def flow(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate (2, H, W) flow in pixels, (x, y): target(p) looks like source(p + flow(p)).

        Args:
            target, source: (3, H, W) RGB in [0, 1].
        """


Pairs = Sequence[tuple[Tensor, Tensor]]
"""Estimates and truths of one update, in [0, 1]: one pair, or one per scale; the loss is the sum over them."""
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
        """Build the untrained network of these options.

        Raises:
            ParamsError: if the method refuses them.
        """
        try:
            return self.network(**options)
        except Exception as error:  # each method refuses in its own way
            named = ", ".join(f"{name}: {value}" for name, value in options.items())[:120]
            said = shorten(error)
            raise ParamsError(
                f"{self.name}: its network cannot be built with {named} ({said}); correct them"
            ) from error

    def header(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Make the header of a weights file, enough to build the network again."""
        return {"network": self.name, "options": dict(options)}


def in_float(frame: Tensor) -> Tensor:
    """Return a frame in memory as float32, or float64 where it is: NumPy has no bfloat16, and half is coarse."""
    return frame.detach().to("cpu", torch.promote_types(frame.dtype, torch.float32))


def iter_frames(outputs: object) -> Iterator[Tensor]:
    """Return what `deblur` returned, which must be an iterator: of a list no frame could be timed.

    Raises:
        MethodError: if it is none.
    """
    if not isinstance(outputs, Iterator):
        raise MethodError(f"the method's deblur returned a {type(outputs).__name__}; yield one (3, H, W) frame for "
                          "each frame of the clip")  # fmt: skip
    return outputs


def require(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Refuse values that break the contract.

    Raises:
        MethodError: if they are no tensor of floating-point numbers, have another shape or are not all finite.
    """
    if not isinstance(values, Tensor):
        raise MethodError(
            f"{where}: the method yielded a {type(values).__name__}, not a tensor of shape {shape}; mend it"
        )
    if tuple(values.shape) != shape:
        raise MethodError(f"{where}: the method yielded shape {tuple(values.shape)}, not {shape}; mend it")
    if not values.is_floating_point() or values.layout != torch.strided or values.is_meta:
        raise MethodError(f"{where}: the method yielded a tensor of {values.dtype}, {values.layout} on "
                          f"{values.device.type}, not floating-point numbers in memory; mend it")  # fmt: skip
    if not bool(torch.isfinite(values).all()):
        raise MethodError(f"{where}: the method yielded values that are not finite; mend it")


def require_frame(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Refuse a frame that breaks the contract, which also wants values in [0, 1].

    Raises:
        MethodError: if it does.
    """
    require(values, shape, where)
    low, high = (float(value) for value in torch.aminmax(values.detach()))
    if low < 0 or high > 1:
        raise MethodError(f"{where}: the method yielded values from {low:.8g} to {high:.8g}, not in [0, 1]; yield "
                          "frame.clamp(0, 1)")  # fmt: skip
