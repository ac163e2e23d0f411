"""Deblurring every test clip of a data set by one method: 8-bit PNG frames, milliseconds beside them."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from pvdbench.contract.clip import Clip
from pvdbench.contract.method import Deblurrer
from pvdbench.core.errors import MethodError
from pvdbench.core.files import replaced_folder
from pvdbench.core.images import to_bytes, write_frame
from pvdbench.datasets.manifest import ClipFiles, read_clips


def run_deblurring(method: Deblurrer, name: str, dataset: Path, out: Path) -> dict[str, Any]:
    """Write out/VIDEO/FRAME.png for every frame of the test split.

    Args:
        method: loaded.
        name: for messages.
        dataset: the data set's folder.

    Returns: what it cost: parameters, median milliseconds a frame, frames, width, height, threads.
    Raises:
        MethodError: if the method gives another number of frames, another shape or values that are not finite.
    """
    milliseconds: list[float] = []
    clips = read_clips(dataset, "test")
    with replaced_folder(out) as folder:
        for clip in tqdm(clips, name, mininterval=1):
            (folder / clip.video).mkdir()
            for frame, (output, ms) in zip(clip.frames, _checked(method, name, clip), strict=True):
                milliseconds.append(ms)
                write_frame(folder / clip.video / f"{frame.name}.png", to_bytes(output.permute(1, 2, 0).numpy()))
    return cost_facts(method.parameters(), milliseconds, output)


def _checked(method: Deblurrer, name: str, clip: ClipFiles) -> Iterator[tuple[Tensor, float]]:
    """The method's frames with their milliseconds, each held against the contract."""
    truth = Clip([frame.sharp for frame in clip.frames]) if getattr(method, "upper_bound", False) else None
    frames = Clip([frame.blurry for frame in clip.frames], truth=truth)
    outputs = method.deblur(frames)
    for t, frame in enumerate(clip.frames):
        start = time.perf_counter()
        output = next(outputs, None)
        ms = (time.perf_counter() - start) * 1000
        if output is None:
            raise MethodError(f"{name}: {clip.video}: expected {len(frames)} frames, got {t}; yield one a frame")
        require(output, tuple(frames[t].shape), f"{name}: {frame.blurry}")
        yield output, ms
    if next(outputs, None) is not None:
        raise MethodError(f"{name}: {clip.video}: expected {len(frames)} frames, got more; yield one a frame")


def require(values: Tensor, shape: tuple[int, ...], where: str) -> None:
    """Hold what a method gave against the contract.

    Raises:
        MethodError: if it has another shape or values that are not finite.
    """
    finite = bool(torch.isfinite(values).all())
    if tuple(values.shape) != shape or not finite:
        got = f"shape {tuple(values.shape)}{'' if finite else ' and values that are not'}"
        raise MethodError(f"{where}: expected finite values of shape {shape}, got {got}; mend the method")


def cost_facts(parameters: Any, milliseconds: list[float], output: Tensor) -> dict[str, Any]:
    """What a run cost, as the cost file keeps it."""
    return {
        "parameters": dict(parameters),
        "milliseconds_median": round(statistics.median(milliseconds), 3),
        "frames": len(milliseconds),
        "width": output.shape[2],
        "height": output.shape[1],
        "threads": torch.get_num_threads(),
    }
