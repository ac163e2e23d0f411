"""What running a method costs: parameters and multiply-adds, the same anywhere, and this machine's milliseconds."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.io.complexity import Complexity

_STATED = 1280 * 720  # pixels
_FLOPS = 2  # PyTorch counts a multiplication and an addition apart


@dataclass(frozen=True)
class RunCost:
    """What one row took over one data set.

    Attributes:
        complexity: the same on every machine, a result.
        timing: of this machine, for the cost file: milliseconds, frames, threads, device, memory.
    """

    complexity: Complexity
    timing: Mapping[str, Any]


def clock() -> float:
    """Read the clock in seconds, after whatever the graphics card was still busy with."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def multiply_adds(work: Callable[[], object], *, frames: int, width: int, height: int) -> float:
    """Count multiply-adds per frame of 1280x720: those of convolutions and matrix products, as PyTorch counts them.

    They are counted at the size of the frames at hand and scaled by the number of pixels, which is exact but for the
    padding to whole multiples; element-wise operations, warping and matching costs are left out.

    Args:
        work: what computes the frames.
        frames: how many.
        width, height: of the frames, in pixels.
    """
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / _FLOPS / frames / (width * height) * _STATED


def run_cost(
    parameters: Mapping[str, int], milliseconds: Sequence[float], output: Tensor, counted: float | None, *,
    timed: str = "frame",
) -> RunCost:  # fmt: skip
    """Gather what a run cost.

    Args:
        parameters: by part.
        milliseconds: of each frame; none for a method that does not compute here.
        output: a frame or a flow, (C, H, W).
        counted: multiply-adds per frame of 1280x720, where they can be counted.
        timed: how the milliseconds were taken: frame by frame, over a `clip`, or `never`.
    """
    timing = {
        "milliseconds_median": round(statistics.median(milliseconds), 3) if milliseconds else None,
        "frames": len(milliseconds),
        "timed": timed,
        "threads": torch.get_num_threads(),
        "device": "cpu",
        "precision": str(output.dtype).removeprefix("torch."),
    }
    if torch.cuda.is_available():
        timing |= {
            "device": torch.cuda.get_device_name(),
            "peak_device_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1),
        }
    return RunCost(Complexity(dict(parameters), counted, output.shape[2], output.shape[1]), timing)
