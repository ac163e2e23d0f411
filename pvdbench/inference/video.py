"""Video files in and out, frame by frame, so that any clip can be deblurred (Sec. 4.6, real videos)."""

from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import av
import torch
from av.video.stream import VideoStream
from torch import Tensor

from pvdbench.contract.clip import Clip
from pvdbench.core.errors import DataError
from pvdbench.core.images import Frame
from pvdbench.core.video import decoded

WRITTEN = (".mp4", ".mkv")
UNWRITTEN = (".mov", ".avi", ".webm", ".m4v")
_KEPT = 16  # decoded frames that stay at hand; a window method looks a few frames back
_QUALITY = {"crf": "12"}  # of H.264: near to invisible loss


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
            raise DataError(f"{path}: expected a video with frames, found none; name another file")
        self._ahead, self._next = decoded(self._path), 0

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
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
            raise TypeError(f"{self._path}: expected the number of a frame, got a slice; take frames one by one")
        t = index + self._count if index < 0 else index
        if not 0 <= t < self._count:
            raise IndexError(t)
        if t not in self._kept and t < self._next:  # long gone: from the start again
            self._ahead, self._next = decoded(self._path), 0
        while t not in self._kept:
            self._keep(next(self._ahead))
        return self._kept[t]

    def _keep(self, frame: av.VideoFrame) -> None:
        values = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).float() / 255
        self._kept[self._next] = values
        self._next += 1
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


class VideoWriter:
    """Writes frames to a video file: H.264 in yuv420p, as players expect, or FFV1 in RGB, without loss."""

    def __init__(self, path: Path, rate: Fraction, *, lossless: bool) -> None:
        """Open a file of any name: MP4 or, without loss, Matroska."""
        self._container = av.open(str(path), "w", format="matroska" if lossless else "mp4")
        options: dict[str, Any] = {} if lossless else {"options": _QUALITY}
        stream = self._container.add_stream("ffv1" if lossless else "libx264", rate=rate, **options)
        assert isinstance(stream, VideoStream)
        self._stream, self._lossless, self._written = stream, lossless, 0

    def __enter__(self) -> "VideoWriter":
        return self

    def write(self, frame: Frame) -> None:
        """Append one (H, W, 3) uint8 RGB frame; H.264 takes even sides alone, so an odd last row or column is cut."""
        if not self._lossless:
            frame = frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2]
        if not self._written:  # only the first frame says how large they are
            self._stream.height, self._stream.width = frame.shape[:2]
            self._stream.pix_fmt = "bgr0" if self._lossless else "yuv420p"
        self._written += 1
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(frame.copy(), format="rgb24")))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._written:
            self._container.mux(self._stream.encode(None))
        self._container.close()
