"""How many operations and bytes an update of training or one frame takes, found on tensors without values.

Such tensors are those of the device `meta` or, where something refuses it, as autocast does, PyTorch's FakeTensors,
which take twice as long. The formulas are PyTorch's, as its FlopCounterMode has them, which takes up to 5 times as
long, as it hooks every module to tell them apart. Three things have no public name in PyTorch: FakeTensorMode,
TorchDispatchMode, and the identity of a storage that several tensors share, `_cdata`.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch

_FLOAT = 4  # bytes
_LOOKS_AT_VALUES = "DataDependentOutputException", "DynamicOutputShapeException"  # of FakeTensors
_CLIPS = 2  # counted at once: batch normalisation refuses one alone where a map has one pixel
_COPIES = 4  # of a trained parameter: itself, its gradient, Adam's two moments

Losses = Callable[[nn.Module, Batch], Iterator[Tensor]]

Counted = TypeVar("Counted")


@dataclass(frozen=True)
class Operations:
    """What one update or one frame takes.

    Attributes:
        flops: of convolutions and matrix products, forwards and, in training, backwards; a multiply-add counts two.
        activations: bytes; of an update, those kept for the gradient; of a frame, the most that live together.
        parameters: of the network.
        copies: numbers that training keeps beside the parameters: gradients and an optimiser's moments.
    """

    flops: float
    activations: float
    parameters: int
    copies: int = 0

    @property
    def memory(self) -> float:
        """Bytes of parameters, their copies and activations."""
        return _FLOAT * (self.parameters + self.copies) + self.activations

    def in_batch(self, size: int) -> "Operations":
        """Take so many clips or frames at once, to which all but the parameters is proportional."""
        return replace(self, flops=size * self.flops, activations=size * self.activations)

    def after(self, other: "Operations", times: int) -> "Operations":
        """Add another network, held beside this one, that runs so many times before each of its calls."""
        activations, parameters = max(self.activations, other.activations), self.parameters + other.parameters
        return Operations(self.flops + times * other.flops, activations, parameters, self.copies)


def update_operations(build: Callable[[], nn.Module], losses: Losses, recipe: Recipe, frames: int) -> Operations | None:
    """Count one update, on frames consecutive frames of the recipe's crop, for one clip of its batch.

    Args:
        build: the network, on tensors without values.
        losses: of a batch; the first one is taken.

    Returns: what `in_batch` makes that of a whole batch; None if the network looks at values, so that it cannot be
        counted without computing.
    """
    try:
        return _without_values(lambda: _update(build, losses, recipe, frames))
    except RuntimeError as error:
        if type(error).__name__ in _LOOKS_AT_VALUES or ".numpy()" in str(error):
            return None
        raise


def _update(build: Callable[[], nn.Module], losses: Losses, recipe: Recipe, frames: int) -> Operations:
    network = build()
    frame = torch.zeros(_CLIPS, frames, 3, *recipe.crop)
    flow = torch.zeros(_CLIPS, frames - 1, 2, *recipe.crop) if frames > 1 else torch.zeros(0)
    with (kept := _Kept()), _Counted() as counted:
        next(losses(network, {"blurry": frame, "sharp": frame.clone(), "flow": flow})).backward()  # type: ignore[no-untyped-call]
    parameters = list(network.parameters())
    trained = sum(p.numel() for p in parameters if p.grad is not None)
    count = sum(p.numel() for p in parameters)
    activations = kept.bytes_besides(parameters) / _CLIPS
    return Operations(counted.flops / _CLIPS, activations, count, (_COPIES - 1) * trained)


def frame_operations(build: Callable[[], nn.Module], run: Callable[[nn.Module], object]) -> Operations:
    """Count one frame.

    Args:
        build: the network, on tensors without values.
        run: the network on frames of the size in question.
    """
    return _without_values(lambda: _frame(build, run))


def _frame(build: Callable[[], nn.Module], run: Callable[[nn.Module], object]) -> Operations:
    network = build()
    with torch.no_grad(), _Live() as live:
        run(network)
    return Operations(live.flops, live.peak, sum(p.numel() for p in network.parameters()))


def _without_values(count: Callable[[], Counted]) -> Counted:
    try:
        with torch.device("meta"):
            return count()
    except RuntimeError:
        from torch._subclasses.fake_tensor import FakeTensorMode  # here, as it takes two seconds

        with FakeTensorMode():
            return count()


class _Kept(saved_tensors_hooks):
    """Counts the bytes that autograd keeps for the gradient, each storage once."""

    def __init__(self) -> None:
        self._storages: dict[int, torch.UntypedStorage] = {}
        super().__init__(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        self._storages[storage._cdata] = storage
        return tensor

    def bytes_besides(self, parameters: Iterable[Tensor]) -> int:
        """So far, parameters that are kept left out."""
        theirs = {parameter.untyped_storage()._cdata for parameter in parameters}
        return sum(storage.nbytes() for key, storage in self._storages.items() if key not in theirs)


class _Counted(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that PyTorch has a formula for: convolutions and matrix products."""

    def __init__(self) -> None:
        self.flops = 0.0
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        return out


class _Live(_Counted):  # type: ignore[no-untyped-call]
    """Counts also the bytes of tensors that are alive together, each storage once, from what operations give back."""

    def __init__(self) -> None:
        self._storages: set[int] = set()
        self._bytes = self.peak = 0
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = super().__torch_dispatch__(func, types, args, kwargs)
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
