"""Validate what a method yields, while it runs."""

import torch
from torch import Tensor

from pvdbench.core.errors import MethodError


def require(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Refuse values that break the contract.

    Raises:
        MethodError: if they are no tensor, have another shape or are not all finite.
    """
    if not isinstance(values, Tensor):
        raise MethodError(
            f"{where}: the method yielded a {type(values).__name__}, not a tensor of shape {shape}; mend it"
        )
    if tuple(values.shape) != shape:
        raise MethodError(f"{where}: the method yielded shape {tuple(values.shape)}, not {shape}; mend it")
    if not bool(torch.isfinite(values).all()):
        raise MethodError(f"{where}: the method yielded values that are not finite; mend it")


def require_frame(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Refuse a frame that breaks the contract, which also wants values in [0, 1].

    Raises:
        MethodError: if it does.
    """
    require(values, shape, where)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:
        raise MethodError(f"{where}: the method yielded values from {low:.4g} to {high:.4g}, not in [0, 1]; yield "
                          "frame.clamp(0, 1)")  # fmt: skip
