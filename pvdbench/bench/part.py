"""A hot part: what it computes, its straightforward version, and what any version has to do at least."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pvdbench.core.errors import PvdbenchError

if TYPE_CHECKING:  # PyTorch is imported by the parts that compute with it
    import torch


class NotMeasuredError(PvdbenchError):
    """A part cannot be measured here; its message says why, and is printed below the table."""


@dataclass(frozen=True)
class Setting:
    """What all parts are measured with.

    Attributes:
        width, height: of the frames, in pixels.
        threads: of a process on the CPU.
        folder: for files, empty at first.
        study: the folder in which the command was started.
        another: whether the package is that of another revision.
    """

    width: int
    height: int
    threads: int
    folder: Path
    study: Path
    another: bool = False

    @cached_property
    def device(self) -> "torch.device":
        """The first graphics card, or the CPU with so many threads."""
        from pvdbench.core.device import compute_device

        return compute_device(self.threads)


@dataclass(frozen=True)
class Timed:
    """What a call gives that measures itself, such as an update in the middle of a training.

    Attributes:
        milliseconds: of one repetition.
        repetitions: how often the call computed it, over which counted operations are divided.
        value: the result.
    """

    milliseconds: float
    repetitions: int
    value: Any


@dataclass(frozen=True)
class Work:
    """A part that is set up.

    Attributes:
        call: computes it once and returns its result, or a Timed.
        moved: bytes that any version reads and writes at least: inputs, outputs and weights, each once.
        operations: floating-point operations; None for those that PyTorch counts, 0 where nothing is counted.
    """

    call: Callable[[], Any]
    moved: float
    operations: float | None = 0


@dataclass(frozen=True)
class Part:
    """One line of the table.

    Attributes:
        work: sets the part up.
        definition: sets its straightforward version up, on the same inputs; None where there is none.
        precision: of the arithmetic.
        on_card: whether it computes on a graphics card where there is one.
        threaded: whether it uses more than one thread.
    """

    name: str
    computes: str
    work: Callable[[Setting], Work]
    definition: Callable[[Setting], Work] | None
    precision: str
    on_card: bool = False
    threaded: bool = False


def size_of(*values: Any) -> float:
    """Count the bytes of arrays, tensors and networks."""
    total = 0.0
    for value in values:
        if hasattr(value, "state_dict"):
            total += size_of(*value.state_dict().values())
        else:
            total += float(value.nbytes)
    return total
