"""The frames of a video file as a clip, so that any video can be deblurred (Sec. 4.6, real videos)."""

from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import overload

import av
import numpy as np
from torch import Tensor

from pvdbench.core.errors import DataError
from pvdbench.io.video import decoded
from pvdbench.methods.clip import Clip, to_tensor

_KEPT = 16  # decoded frames that stay at hand; a window method looks a few frames back


class VideoClip(Clip):
    """The frames of a video file as a clip; read forward it decodes each frame once, and memory stays flat."""

    def __init__(self, path: Path) -> None:
        """Open a video and count its frames.

        Raises:
            DataError: if the file is missing, unreadable or without frames.
        """
        super().__init__([])
        self._path, self._kept = path, OrderedDict[int, Tensor]()
        self._count = sum(1 for _ in decoded(path))
        if not self._count:
            raise DataError(f"{path}: this video has no frames; name another file")
        self._ahead, self._next = decoded(self._path), 0

    @property
    def rate(self) -> Fraction:
        """Frames per second; 30 where the file does not say."""
        with av.open(str(self._path)) as container:
            return container.streams.video[0].average_rate or Fraction(30)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Clip: ...
    def __getitem__(self, index: int | slice) -> Tensor | Clip:
        if isinstance(index, slice):
            raise TypeError(
                f"{self._path}: a video is read frame by frame and cannot be sliced; take frames by their number"
            )
        t = index + self._count if index < 0 else index
        if not 0 <= t < self._count:
            raise IndexError(t)
        if t not in self._kept and t < self._next:  # long gone: from the start again
            self._ahead, self._next = decoded(self._path), 0
        while t not in self._kept:
            self._keep(next(self._ahead))
        return self._kept[t]

    def _keep(self, frame: av.VideoFrame) -> None:
        values = to_tensor(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
        self._kept[self._next] = values
        self._next += 1
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
