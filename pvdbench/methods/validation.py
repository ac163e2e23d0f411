"""The contract held against what a method gives, while it runs."""

import torch
from torch import Tensor

from pvdbench.core.errors import MethodError


def require(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Hold what a method gave against the contract.

    Raises:
        MethodError: if it is no tensor, has another shape or values that are not finite.
    """
    if not isinstance(values, Tensor):
        raise MethodError(f"{where}: expected a tensor of shape {shape}, got {type(values).__name__}; mend the method")
    finite = bool(torch.isfinite(values).all())
    if tuple(values.shape) != shape or not finite:
        got = f"shape {tuple(values.shape)}{'' if finite else ' and values that are not'}"
        raise MethodError(f"{where}: expected finite values of shape {shape}, got {got}; mend the method")


def require_frame(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """The same for a frame, whose values are in [0, 1].

    Raises:
        MethodError: if it breaks the contract.
    """
    require(values, shape, where)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:
        raise MethodError(f"{where}: expected values in [0, 1], got {low:.4g} to {high:.4g}; yield frame.clamp(0, 1)")
