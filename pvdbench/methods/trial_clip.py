"""What the contract is tried on: three frames of a moving texture, and a method that was just loaded."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pvdbench.core.device import compute_device
from pvdbench.io.images import Frame, write_frame
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, MotionEstimator
from pvdbench.methods.loading import get_ready, load_deblurrer, load_motion_estimator

SIZE, ODD = (64, 96), (45, 51)
"""Height and width of the frames; a network's padding shows at the odd ones."""

_CELL, _STEP = 4, 5  # pixels: the texture's grain, and how far it moves a frame
VIDEO = "video"


@dataclass(frozen=True)
class Subject:
    """A method and what it needs to run; given are weights in place of those that its card names."""

    methods: Path
    name: str
    given: Path | None
    threads: int

    def deblurrer(self) -> Deblurrer:
        """A fresh one, loaded."""
        method = load_deblurrer(self.methods, self.name)
        get_ready(method, self.methods, self.name, compute_device(self.threads), given=self.given)
        return method

    def estimator(self) -> MotionEstimator:
        """A fresh one, loaded."""
        method = load_motion_estimator(self.methods, self.name)
        get_ready(method, self.methods, self.name, compute_device(self.threads), given=self.given)
        return method


class LentClip(Clip):
    """A clip that hands out the same tensors again, so that what is written into them shows."""

    def __init__(self, clip: Clip, paths: Sequence[Path]) -> None:
        """Take a clip and its files."""
        super().__init__(paths, truth=clip.truth, video=clip.video)
        self.paths, self._lent = tuple(paths), list(clip)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]  # a slice would lend nothing
        return self._lent[index]

    @property
    def untouched(self) -> bool:
        """Whether every tensor is what its file holds."""
        return all(map(torch.equal, self._lent, Clip(self.paths)))


@contextmanager
def trial_clip(frames: int, size: tuple[int, int] = SIZE) -> Iterator[LentClip]:
    """A clip in a folder that goes away; its truth is itself, for methods that are upper bounds."""
    with tempfile.TemporaryDirectory(prefix="pvdbench-") as folder:
        paths = [Path(folder, f"{t:05d}.png") for t in range(frames)]
        for path, frame in zip(paths, _moving(frames, size), strict=True):
            write_frame(path, frame)
        yield LentClip(Clip(paths, truth=Clip(paths), video=VIDEO), paths)


def trial_pair(size: tuple[int, int] = SIZE) -> tuple[Tensor, Tensor]:
    """Target and source, (3, H, W) in [0, 1]."""
    target, source = (torch.from_numpy(frame.copy()).permute(2, 0, 1).float() / 255 for frame in _moving(2, size))
    return target, source


def _moving(frames: int, size: tuple[int, int]) -> list[Frame]:
    height, width = size
    cells = -(-height // _CELL), -(-(width + _STEP * frames) // _CELL)
    texture = np.random.default_rng(0).integers(0, 256, (*cells, 3), np.uint8).repeat(_CELL, 0).repeat(_CELL, 1)
    return [texture[:height, _STEP * t : _STEP * t + width] for t in range(frames)]
