"""The contract's optional half: what a method's network.py offers so that the one training loop trains it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

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

    def header(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a weights file's header says, enough to build the network again."""
        return {"network": self.name, "options": dict(options)}
