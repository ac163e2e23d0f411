"""kind: folder: a method whose frames are there already, read from where they lie."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import DataError, MethodError
from pvdbench.io.images import read_frame
from pvdbench.methods.card import FramesTemplate
from pvdbench.methods.clip import Clip, to_tensor


class PrecomputedFrames:
    """Gives the frames that a path template names; has no time of its own."""

    timed = "never"

    def __init__(self, folder: Path, template: FramesTemplate) -> None:
        """Take the method's folder, which the template's path is relative to.

        Raises:
            MethodError: if the template cannot be filled.
        """
        self._folder, self._template = folder, template
        if self.path("video", ["0", "1"], 0) == self.path("video", ["0", "1"], 1):
            raise MethodError(f"{folder / 'method.yaml'}: frames.path: '{template.path}' names one file for all "
                              "frames; add {frame} or {number}")  # fmt: skip

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Nothing to load."""

    def parameters(self) -> Mapping[str, int]:
        """Return nothing: they are unknown."""
        return {}

    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Yield each frame's file; where the offset leaves a frame without one, the nearest, as at a window's ends.

        Raises:
            MethodError: if a file is missing or damaged, or there are results beyond the clip's frames: counted from
                another number, all would be wrong by a frame.
        """
        last = len(clip) - 1
        if "{number" in self._template.path:
            self._refuse_surplus(clip)
        indices = [min(max(t - self._template.frame_offset, 0), last) for t in range(len(clip))]
        paths = [self.path(clip.video, clip.names, index) for index in indices]
        if missing := [path for path in dict.fromkeys(paths) if not path.exists()]:
            what = "this link leads to nothing" if missing[0].is_symlink() else "this frame is not there"
            raise MethodError(f"{missing[0]}: {what}; {len(missing)} of {len(set(paths))} are missing: make them, get "
                              "what links name (dvc pull), or correct frames.path in method.yaml")  # fmt: skip
        yield from map(_read, paths)

    def _refuse_surplus(self, clip: Clip) -> None:
        """Counted from another number than the card says, all results would be wrong by a frame."""
        first, names = self._template.first, [*clip.names, clip.names[-1]]
        for index in (-1, len(clip)) if first else (len(clip),):
            if (more := self.path(clip.video, names, index)).is_file():
                raise MethodError(f"{more}: a result beyond the clip's {len(clip)} frames, whose {{number}} counts "
                                  f"from {first}; write frames.first in method.yaml, or remove what is none"
                                  )  # fmt: skip

    def path(self, video: str, names: Sequence[str], index: int) -> Path:
        """Make the path of one result.

        Args:
            video: the clip's name.
            names: of its frames.
            index: from 0; {frame} is the name at it, {number} the index, counted from the card's first.

        Raises:
            MethodError: if the template has another field, or a frame's name is no number where its format wants one.
        """
        try:
            filled = self._template.path.format(
                video=video, frame=FrameName(names[index]), number=self._template.first + index
            )
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise MethodError(f"{self._folder / 'method.yaml'}: frames.path: '{self._template.path}' cannot be filled "
                              f"({error}); use {{video}}, {{frame}} and {{number}} with formats that suit "
                              "them") from error  # fmt: skip
        return self._folder / filled


class FrameName(str):
    """A frame's name, such as 00012, which formats as a number where the format asks for one: {frame:08d}."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec.endswith("d") else super().__format__(spec)


def _read(path: Path) -> Tensor:
    try:
        return to_tensor(read_frame(path))
    except DataError as error:  # of the method, not of the data set
        raise MethodError(str(error)) from error
