"""What a machine does per second on one thread, by which a plan tells the hours of stages that never ran on it."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_PIXELS = 1e6


@dataclass(frozen=True)
class FrameSeconds:
    """Seconds of a stage per frame: fixed ones, and those per million pixels."""

    fixed: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    per_megapixel: _Positive

    def of(self, frames: int, width: int, height: int) -> float:
        """Seconds of frames of one size."""
        return frames * (self.fixed + self.per_megapixel * width * height / _PIXELS)


@dataclass(frozen=True)
class MachineRates:
    """One machine.

    Attributes:
        operations: pairs of a network's operations per call (an update, a frame) and the operations per second at which
            one thread computes them, ascending: small networks reach a fraction of what large ones do.
        frames: by kind of stage, such as `score-deblur`; `files` reads a frame and writes one. Empty where the machine
            is not this one.
        hardware: what was measured; empty where the rate is an assumption.
    """

    operations: Annotated[tuple[tuple[_Positive, _Positive], ...], Field(min_length=1)]
    frames: Mapping[str, FrameSeconds] = field(default_factory=dict)
    hardware: str = ""

    def seconds(self, operations: float, calls: float, threads: int = 1) -> float:
        """Seconds of a network's calls, each of so many operations, between two measured rates in proportion."""
        (low, first), (high, last) = self.operations[0], self.operations[-1]
        share = 0.0
        if high > low and operations > low:
            share = min(1.0, math.log(operations / low) / math.log(high / low))
        rate: float = first ** (1 - share) * last**share
        return operations * calls / rate / (min(threads, _cores()) if self.hardware else 1)


def assumed_rates(flops: float) -> MachineRates:
    """Describe another machine, of which nothing but its operations per second is known."""
    return MachineRates(((1.0, flops),))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
