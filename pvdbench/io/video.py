"""Read and write videos: frames are decoded one by one, so that memory stays flat, and written as H.264 or FFV1."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from pvdbench.core.errors import DataError, shorten
from pvdbench.io.images import Frame


def decoded(path: Path) -> Iterator[av.VideoFrame]:
    """Decode the frames of a video's first stream, one by one.

    Raises:
        DataError: if the file is missing, unreadable or without a video stream.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path}: this file has no video stream; name another file")
            yield from container.decode(container.streams.video[0])
    except FileNotFoundError:
        raise DataError(f"{path}: no video and no folder of frames is there; correct the path") from None
    except FFmpegError as error:
        raise DataError(
            f"{path}: this video cannot be read ({shorten(error.strerror)}); restore or convert it"
        ) from error


WRITTEN = (".mp4", ".mkv")
UNWRITTEN = (".mov", ".avi", ".webm", ".m4v")
_QUALITY = {"crf": "12"}  # of H.264: near to invisible loss


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
