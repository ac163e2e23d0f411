"""How fast a method with a network of its own is here: milliseconds per frame, untrained, at any size (Table 5)."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from pvdbench.core.errors import MethodError
from pvdbench.io.images import write_frame
from pvdbench.io.weights import save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer, load_trainable


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
