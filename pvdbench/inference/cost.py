"""What running a method costs: parameters and multiply-adds, the same anywhere, and this machine's milliseconds."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.core.errors import MethodError
from pvdbench.io.cost import Amount, Complexity, hardware, peak_memory
from pvdbench.io.images import write_frame
from pvdbench.io.weights import save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer, load_trainable

WARM_UP = 3
"""Frames of a row's first clip, over which multiply-adds are counted and a method warms up."""
_STATED = 1280 * 720  # pixels
_FLOPS = 2  # PyTorch counts a multiplication and an addition apart


@dataclass(frozen=True)
class ClipCost:
    """What one clip took, as the method's process says it; a row's cost is merged from those of its clips.

    Attributes:
        milliseconds: of each frame; none for a method that does not compute here.
        seconds: since the clip before ended, or the process began to compute: the warm-up is in its first clip's.
        complexity: of the method, with this clip's frame size; the same on every machine.
        timed: how the milliseconds were taken: frame by frame, over a `clip`, or `never`.
        precision: of the output; empty where a clip is too short for one.
        peak_memory_mib, peak_device_memory_mib: of its process up to the clip's end.
    """

    milliseconds: list[Amount]
    seconds: Amount
    complexity: Complexity
    timed: str
    threads: int
    device: str
    hardware: str
    precision: str
    peak_memory_mib: Amount
    peak_device_memory_mib: Amount | None = None


_AS_JSON = TypeAdapter(ClipCost)


def read_clip_cost(values: bytes) -> ClipCost:
    """Read what CostMeter.clip made.

    Raises:
        ValueError: if it is anything else.
    """
    return _AS_JSON.validate_json(values, strict=True)


class CostMeter:
    """Measures, in the method's process, what each clip takes."""

    def __init__(self, parameters: Mapping[str, int], counted: Callable[[], float | None], timed: str) -> None:
        """Begin with the method's warm-up.

        Args:
            parameters: by part.
            counted: warms up; multiply-adds per frame of 1280x720, where they can be counted.
            timed: as ClipCost has it.
        """
        self._since, self._hardware = time.perf_counter(), hardware()
        self._parameters, self._counted, self._timed = dict(parameters), counted(), timed

    def clip(self, milliseconds: Sequence[float], output: Tensor | None, width: int, height: int) -> bytes:
        """Say in JSON what the clip took that ends now.

        Args:
            output: one of its frames or flows; None if it has none.
            width, height: of its frames, in pixels.
        """
        before, self._since = self._since, time.perf_counter()
        on_card = torch.cuda.is_available()
        cost = ClipCost(
            list(milliseconds), self._since - before,
            Complexity(self._parameters, self._counted, width, height), self._timed, torch.get_num_threads(),
            torch.cuda.get_device_name() if on_card else "cpu", self._hardware,
            "" if output is None else str(output.dtype).removeprefix("torch."), peak_memory(),
            round(torch.cuda.max_memory_allocated() / 2**20, 1) if on_card else None,
        )  # fmt: skip
        return _AS_JSON.dump_json(cost)


def row_cost(costs: Sequence[ClipCost]) -> tuple[dict[str, Any], Complexity]:
    """Merge the costs of a row's clips, in their order, whatever processes ran them.

    Returns: the facts for the cost file, where seconds are the sum over processes and peaks those of one process; and
        the complexity, with the frame size of the last clip.
    """
    milliseconds = [ms for cost in costs for ms in cost.milliseconds]
    last = next((cost for cost in reversed(costs) if cost.precision), costs[-1])
    facts = {
        "milliseconds_median": round(statistics.median(milliseconds), 3) if milliseconds else None,
        "frames": len(milliseconds),
        "timed": last.timed,
        "threads": last.threads,
        "device": _joined(cost.device for cost in costs),
        "hardware": _joined(cost.hardware for cost in costs),
        "precision": last.precision,
        "seconds": round(sum(cost.seconds for cost in costs), 3),
        "peak_memory_mib": max(cost.peak_memory_mib for cost in costs),
    }
    if on_card := [cost.peak_device_memory_mib for cost in costs if cost.peak_device_memory_mib is not None]:
        facts["peak_device_memory_mib"] = max(on_card)
    return facts, last.complexity


def _joined(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


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
