"""How many operations and bytes an update of training or one frame takes, found on tensors without values.

FlopCounterMode and saved_tensors_hooks are public. Three things have no public name in PyTorch: FakeTensorMode (the
device `meta` is public, but autocast refuses it), TorchDispatchMode, and the identity of a storage that several tensors
share, `_cdata`.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch

_FLOAT = 4  # bytes
_COPIES = 4  # of a trained parameter: itself, its gradient, Adam's two moments

Losses = Callable[[nn.Module, Batch], Iterator[Tensor]]


@dataclass(frozen=True)
class Operations:
    """What one update or one frame takes.

    Attributes:
        flops: of convolutions and matrix products, forwards and, in training, backwards; a multiply-add counts two.
        memory: bytes; of an update, parameters with what an optimiser keeps of them, and activations kept for the
            gradient; of a frame, the most that parameters and activations hold at a time.
        parameters: of the network.
    """

    flops: float
    memory: float
    parameters: int


def update_operations(build: Callable[[], nn.Module], losses: Losses, recipe: Recipe, frames: int) -> Operations | None:
    """Count one update, on frames consecutive frames of the recipe's batch and crop.

    Args:
        build: the network, on tensors without values.
        losses: of a batch; the first one is taken.

    Returns: None if the network looks at values, so that it cannot be counted without computing.
    """
    kept = _Kept()
    try:
        with FakeTensorMode(), kept:
            network = build()
            frame = torch.zeros(recipe.batch, frames, 3, *recipe.crop)
            flow = torch.zeros(recipe.batch, frames - 1, 2, *recipe.crop) if frames > 1 else torch.zeros(0)
            with FlopCounterMode(display=False) as counter:
                next(losses(network, {"blurry": frame, "sharp": frame.clone(), "flow": flow})).backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        if isinstance(error, DataDependentOutputException | DynamicOutputShapeException) or ".numpy()" in str(error):
            return None
        raise
    parameters = sum(p.numel() for p in network.parameters())
    trained = sum(p.numel() for p in network.parameters() if p.grad is not None)
    memory = _FLOAT * (parameters + (_COPIES - 1) * trained) + kept.bytes
    return Operations(counter.get_total_flops(), memory, parameters)


def frame_operations(build: Callable[[], nn.Module], run: Callable[[nn.Module], object]) -> Operations:
    """Count one frame.

    Args:
        build: the network, on tensors without values.
        run: the network on frames of the size in question.
    """
    with FakeTensorMode(), torch.no_grad():
        network = build()
        with FlopCounterMode(display=False) as counter, _Live() as live:
            run(network)
    parameters = sum(p.numel() for p in network.parameters())
    return Operations(counter.get_total_flops(), _FLOAT * parameters + live.peak, parameters)


class _Kept(saved_tensors_hooks):
    """Counts the bytes that autograd keeps for the gradient, each storage once."""

    def __init__(self) -> None:
        self._storages: dict[int, torch.UntypedStorage] = {}
        super().__init__(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        self._storages[storage._cdata] = storage
        return tensor

    @property
    def bytes(self) -> int:
        """So far, parameters that are kept included."""
        return sum(storage.nbytes() for storage in self._storages.values())


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors that are alive together, each storage once, from what operations give back."""

    def __init__(self) -> None:
        self._storages: set[int] = set()
        self._bytes = self.peak = 0
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in _tensors(out):
            self._add(tensor.untyped_storage())
        return out

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._storages:
            self._storages.add(key)
            weakref.finalize(storage, self._drop, key, size)
            self._bytes += size
            self.peak = max(self.peak, self._bytes)

    def _drop(self, key: int, size: int) -> None:
        self._storages.discard(key)
        self._bytes -= size


def _tensors(output: object) -> Iterator[Tensor]:
    """The tensors that an operation gives back: one, or several in a list or tuple."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Iterable):
        for part in output:
            yield from _tensors(part)
