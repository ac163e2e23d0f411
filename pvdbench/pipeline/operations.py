"""How many operations and bytes an update of training or a frame takes, found without computing it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.training.crops import Batch
from pvdbench.training.params import Recipe

_FLOAT = 4  # bytes
_COPIES = 4  # of a trained parameter: itself, its gradient, Adam's two moments

Losses = Callable[[nn.Module, Batch], Iterator[Tensor]]


@dataclass(frozen=True)
class Operations:
    """What one update or one frame takes.

    Attributes:
        flops: of convolutions and matrix products, forwards and, in training, backwards; a multiply-add counts two.
        memory: bytes of parameters with what an optimiser keeps of them, and of activations kept for the gradient.
        parameters: of the network.
    """

    flops: float
    memory: float
    parameters: int


def update_operations(build: Callable[[], nn.Module], losses: Losses, recipe: Recipe, frames: int) -> Operations:
    """One update, on frames consecutive frames of the recipe's batch and crop.

    Args:
        build: the network, on tensors without values.
        losses: of a batch; the first one is taken.
    """
    kept = _Kept()
    with FakeTensorMode(), kept:
        network = build()
        frame = torch.zeros(recipe.batch, frames, 3, *recipe.crop)
        flow = torch.zeros(recipe.batch, frames - 1, 2, *recipe.crop) if frames > 1 else torch.zeros(0)
        with FlopCounterMode(display=False) as counter:
            next(losses(network, {"blurry": frame, "sharp": frame.clone(), "flow": flow})).backward()  # type: ignore[no-untyped-call]
        parameters = sum(p.numel() for p in network.parameters())
        trained = sum(p.numel() for p in network.parameters() if p.grad is not None)
    memory = _FLOAT * (parameters + (_COPIES - 1) * trained) + kept.bytes
    return Operations(counter.get_total_flops(), memory, parameters)


def frame_operations(build: Callable[[], nn.Module], run: Callable[[nn.Module], object]) -> Operations:
    """One frame.

    Args:
        build: the network, on tensors without values.
        run: the network on frames of the size in question.
    """
    with FakeTensorMode(), torch.no_grad():
        network = build()
        with FlopCounterMode(display=False) as counter:
            run(network)
        parameters = sum(p.numel() for p in network.parameters())
    return Operations(counter.get_total_flops(), _FLOAT * parameters, parameters)


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
