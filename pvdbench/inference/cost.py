"""What running a method costs: milliseconds per frame, parameters, multiply-adds, memory."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

_STATED = 1280 * 720  # pixels
_FLOPS = 2  # PyTorch counts a multiplication and an addition apart


def clock() -> float:
    """Seconds, after whatever the graphics card was still busy with."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def multiply_adds(work: Callable[[], object], *, frames: int, width: int, height: int) -> float:
    """Multiply-adds a frame of 1280x720: those of convolutions and matrix products, as PyTorch counts them.

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


def cost_facts(
    parameters: Mapping[str, int], milliseconds: Sequence[float], output: Tensor, counted: float | None
) -> dict[str, Any]:
    """What a run cost, as the cost file keeps it.

    Args:
        parameters: by part.
        milliseconds: of each frame; none for a method that does not compute here.
        output: a frame or a flow.
        counted: multiply-adds a frame of 1280x720, where they can be counted.
    """
    facts = {
        "parameters": dict(parameters),
        "milliseconds_median": round(statistics.median(milliseconds), 3) if milliseconds else None,
        "multiply_adds_720p": counted,
        "frames": len(milliseconds),
        "width": output.shape[2],
        "height": output.shape[1],
        "threads": torch.get_num_threads(),
        "device": "cpu",
        "precision": str(output.dtype).removeprefix("torch."),
    }
    if torch.cuda.is_available():
        facts |= {
            "device": torch.cuda.get_device_name(),
            "peak_device_memory_mib": round(torch.cuda.max_memory_allocated() / 2**20, 1),
        }
    return facts
