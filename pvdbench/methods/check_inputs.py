"""What `pvdbench methods check` runs a method on: three frames of a moving texture."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pvdbench.core.device import compute_device
from pvdbench.io.images import Frame, write_frame
from pvdbench.methods.card import MethodCard, read_card
from pvdbench.methods.clip import Clip, to_tensor
from pvdbench.methods.interface import Deblurrer, MotionEstimator
from pvdbench.methods.loading import get_ready, is_upper_bound, load_deblurrer, load_motion_estimator
from pvdbench.methods.surroundings import own_folder

SIZE, ODD = (64, 96), (45, 51)
"""Height and width of the frames; a network's padding shows at the odd ones."""

_CELL, _STEP = 4, 5  # pixels: the texture's grain, and how far it moves from frame to frame
_VIDEO = "video"


@dataclass(frozen=True)
class CheckedMethod:
    """A method that is being checked, and what it needs to run.

    Attributes:
        methods: the folder that holds the method's.
        weights: in place of those that its card names.
        threads: on the CPU.
    """

    methods: Path
    name: str
    weights: Path | None
    threads: int

    @property
    def card(self) -> MethodCard:
        """Read its method.yaml."""
        return read_card(self.methods, self.name)

    def deblurrer(self) -> Deblurrer:
        """Load it once more, as a deblurrer."""
        method = load_deblurrer(self.methods, self.name)
        get_ready(method, self.methods, self.name, compute_device(self.threads), given=self.weights)
        return method

    def estimator(self) -> MotionEstimator:
        """Load it once more, as a motion estimator."""
        method = load_motion_estimator(self.methods, self.name)
        get_ready(method, self.methods, self.name, compute_device(self.threads), given=self.weights)
        return method

    def sees_truth(self, method: Deblurrer) -> bool:
        """Tell whether it is handed the truth."""
        return is_upper_bound(self.card, self.name, method)


class ReusedClip(Clip):
    """A clip that hands out the same tensors every time, so that writing into them is noticed."""

    def __init__(self, clip: Clip, paths: Sequence[Path]) -> None:
        """Take a clip and its files."""
        super().__init__(paths, truth=clip.truth, video=clip.video)
        self.paths, self._frames = tuple(paths), list(clip)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]  # a slice would make new tensors
        return self._frames[index]

    @property
    def untouched(self) -> bool:
        """Whether every tensor is what its file holds."""
        return all(map(torch.equal, self._frames, Clip(self.paths)))


@contextmanager
def moving_clip(frames: int, size: tuple[int, int] = SIZE, *, truth: bool = False) -> Iterator[ReusedClip]:
    """Make a clip in a temporary folder.

    Args:
        truth: whether the clip is its own truth, for methods that are upper bounds; it has none otherwise.
    """
    with own_folder() as folder:
        paths = [folder / f"{t:05d}.png" for t in range(frames)]
        for path, frame in zip(paths, _moving(frames, size), strict=True):
            write_frame(path, frame)
        yield ReusedClip(Clip(paths, truth=Clip(paths) if truth else None, video=_VIDEO), paths)


def moving_pair(size: tuple[int, int] = SIZE) -> tuple[Tensor, Tensor]:
    """Make a target and a source frame, (3, H, W) in [0, 1]."""
    target, source = map(to_tensor, _moving(2, size))
    return target, source


def _moving(frames: int, size: tuple[int, int]) -> list[Frame]:
    height, width = size
    cells = -(-height // _CELL), -(-(width + _STEP * frames) // _CELL)
    texture = np.random.default_rng(0).integers(0, 256, (*cells, 3), np.uint8).repeat(_CELL, 0).repeat(_CELL, 1)
    return [texture[:height, _STEP * t : _STEP * t + width] for t in range(frames)]
