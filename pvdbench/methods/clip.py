"""A video, its frames or its file, as a method sees it: a sequence of frames that are read when they are asked for."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import torch
from torch import Tensor

from pvdbench.core.errors import DataError
from pvdbench.io.images import Frame, read_frame
from pvdbench.io.video.film import Film


def to_tensor(frame: Frame) -> Tensor:
    """Convert (H, W, 3) bytes to a (3, H, W) float32 tensor in [0, 1]."""
    return torch.from_numpy(frame.copy()).permute(2, 0, 1).float() / 255


class Clip(Sequence[Tensor]):
    """The frames of one video, in order: (3, H, W) float32 RGB in [0, 1] each; memory stays flat."""

    def __init__(
        self, paths: Sequence[Path], *, truth: "Clip | None" = None, video: str = "", names: Sequence[str] | None = None
    ) -> None:
        """Take the files of the frames.

        Args:
            truth: the sharp clip; a method gets it if its card says that it is an upper bound, and None otherwise.
            video: the clip's name in its data set.
            names: of the frames, where they differ from their files'.
        """
        self._paths, self.truth, self.video = tuple(paths), truth, video
        self.names = [path.stem for path in paths] if names is None else list(names)

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> "Clip": ...
    def __getitem__(self, index: int | slice) -> "Tensor | Clip":
        if isinstance(index, slice):
            truth = None if self.truth is None else self.truth[index]
            return Clip(self._paths[index], truth=truth, video=self.video, names=self.names[index])
        return to_tensor(read_frame(self._paths[index]))

    def window(self, t: int, radius: int) -> Tensor:
        """Stack frames t - radius to t + radius, the ends repeated: (2 * radius + 1, 3, H, W)."""
        last = len(self) - 1
        return torch.stack([self[min(max(i, 0), last)] for i in range(t - radius, t + radius + 1)])

    def windows(self, radius: int) -> Iterator[Tensor]:
        """Yield the window of every frame, in order; each frame is read once."""
        kept: dict[int, Tensor] = {}
        last = len(self) - 1
        for t in range(len(self)):
            numbers = [min(max(i, 0), last) for i in range(t - radius, t + radius + 1)]
            kept = {i: kept[i] if i in kept else self[i] for i in sorted(set(numbers))}
            yield torch.stack([kept[i] for i in numbers])


_KEPT = 16  # decoded frames that stay at hand; a window method looks a few frames back


class VideoClip(Clip):
    """The frames of a video file as a clip; read forward it decodes each frame once, and memory stays flat."""

    def __init__(self, path: Path, *, allow_damaged: bool = False) -> None:
        """Open a video and count its frames.

        Args:
            allow_damaged: go on with the frames that can be read.

        Raises:
            DataError: if the file is missing, unreadable, damaged or without frames.
        """
        super().__init__([])
        self.film, self._kept = Film(path, allow_damaged=allow_damaged), OrderedDict[int, Tensor]()
        self._ahead, self._next = self.film.frames(), 0

    def __len__(self) -> int:
        return len(self.film)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Clip: ...
    def __getitem__(self, index: int | slice) -> Tensor | Clip:
        if isinstance(index, slice):
            raise TypeError(
                f"{self.film.path}: a video is read frame by frame and cannot be sliced; take frames by their number"
            )
        t = index + len(self) if index < 0 else index
        if not 0 <= t < len(self):
            raise IndexError(t)
        if t not in self._kept and t < self._next:  # long gone: from the start again
            self._ahead, self._next = self.film.frames(), 0
        while t not in self._kept:
            self._keep(next(self._ahead, None))
        return self._kept[t].clone()  # a method may change what it was given

    def _keep(self, frame: Frame | None) -> None:
        if frame is None:
            raise DataError(f"{self.film.path}: this video changed while it was read; run again when it is whole")
        self._kept[self._next] = to_tensor(frame)
        self._next += 1
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
