"""What running a method costs: parameters and multiply-adds, the same anywhere, and this machine's milliseconds."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.core.errors import MethodError
from pvdbench.io.cost import Complexity
from pvdbench.io.images import write_frame
from pvdbench.io.weights import save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer, load_trainable

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


@dataclass(frozen=True)
class Speed:
    """What was measured: parameters by part, and the median milliseconds per frame, reading included."""

    parameters: Mapping[str, int]
    milliseconds: float


def frame_speed(
    methods: Path, name: str, given: Mapping[str, Any], *, size: tuple[int, int], frames: int, device: torch.device
) -> Speed:
    """Time a method's network on frames of noise; the first frame warms up and does not count.

    Args:
        methods: the folder of methods.
        given: options of the network, over those of method.yaml.
        size: width, height.
        frames: of the clip, at least 2.

    Raises:
        MethodError: if there is no such method, or it has no network of its own.
        ParamsError: if an option is unknown, of another type or refused by the method.
    """
    trainable, options = load_trainable(methods, name), read_card(methods, name).chosen(given, f"{name}: --option")
    if trainable is None:
        raise MethodError(f"{methods / name}: this method has no network (no `training` in its method.yaml); name "
                          "another")  # fmt: skip
    method = load_deblurrer(methods, name)
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights"
        save_weights(weights, trainable.build(options).state_dict(), trainable.header(options))
        method.load({"network": weights}, device)
        seconds, start = [], time.perf_counter()
        for _ in method.deblur(_noise(Path(folder), size, frames)):  # a frame on the CPU: nothing is still computing
            seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
    return Speed(method.parameters(), 1000 * statistics.median(seconds[1:]))


def _noise(folder: Path, size: tuple[int, int], frames: int) -> Clip:
    rng, (width, height) = np.random.default_rng(0), size
    paths = [folder / f"{t}.png" for t in range(frames)]
    for path in paths:
        write_frame(path, rng.integers(256, size=(height, width, 3), dtype=np.uint8))
    return Clip(paths)
