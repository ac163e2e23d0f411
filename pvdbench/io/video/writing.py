"""Write a film: H.264 in MP4, as players expect, or FFV1 in Matroska, without loss; both say their colours."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from pvdbench.io.images import Frame
from pvdbench.io.video.carried import Carried
from pvdbench.io.video.film import Film
from pvdbench.io.video.pixels import BT709, FULL, LIMITED, RGB, Colours, colour_system

WRITTEN = (".mp4", ".mkv")
UNWRITTEN = (".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv", ".gif", ".png", ".jpg",
             ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".flo", ".csv", ".txt", ".3gp", ".apng", ".asf", ".avif",
             ".dpx", ".exr", ".f4v", ".h264", ".h265", ".264", ".265", ".heic", ".heif", ".hevc", ".html", ".jfif",
             ".jp2", ".json", ".jxl", ".m2ts", ".mjpeg", ".mjpg", ".mts", ".mxf", ".npy", ".npz", ".ppm", ".tar",
             ".tga", ".vob", ".y4m", ".yuv", ".zip")  # fmt: skip
"""Endings that nobody gives to a folder, and that no result can have."""
_QUALITY = {"crf": "12", "bf": "0"}  # of H.264: near to invisible loss; B frames would make unequal times end early
_SIGNATURE = "handler_name", "pvdbench"
"""The metadata of the film stream that says who wrote it; MP4 and Matroska both keep it."""


def is_ours(path: Path) -> bool:
    """Tell whether a file is a video that VideoWriter wrote."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            names = [{key.lower(): value for key, value in s.metadata.items()} for s in container.streams.video]
    except (FFmpegError, OSError):
        return False
    key, value = _SIGNATURE
    return any(each.get(key) == value for each in names)


def changes(height: int, width: int, like: Film | None, *, lossless: bool) -> list[str]:
    """Say what VideoWriter does not keep of frames of this size and of the film that they come from."""
    said = []
    if not lossless and (height % 2 or width % 2):
        said.append(f"{width}x{height} frames become {width + width % 2}x{height + height % 2} in .mp4, whose sides "
                    "are even: the last row or column is repeated; .mkv keeps the size")  # fmt: skip
    if lossless and like is not None and like.pixel_aspect not in (None, 1):
        said.append(f"its pixels are {like.pixel_aspect} times as wide as high, which FFV1 in .mkv does not say; .mp4 "
                    "does")  # fmt: skip
    return said


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Hand on what FFmpeg says as the error that replaced_file makes one line of."""
    try:
        yield
    except FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


class VideoWriter:
    """Writes frames to a video file: H.264 in yuv420p, or FFV1 in RGB, without loss."""

    def __init__(self, path: Path, rate: Fraction, *, lossless: bool, like: Film | None = None) -> None:
        """Open a file of any name: MP4 or, without loss, Matroska.

        Args:
            rate: frames per second, at which frames are shown where like is not given.
            like: the film that the frames come from, one for each of its frames: theirs are the times, the shape of
                pixels, the colours, the sound and the names of the result.

        Raises:
            OSError: if the file cannot be written; so do write and the end of the block.
        """
        self._path, self._lossless, self._like, self._written = path, lossless, like, 0
        self._time_base = 1 / rate if like is None else like.time_base
        self._shown: deque[int] = deque()  # ticks of the frames that the encoder has
        with _as_os_error():
            self._container = av.open(str(path), "w", format="matroska" if lossless else "mp4")
            options: dict[str, Any] = {} if lossless else {"options": _QUALITY}
            stream = self._container.add_stream("ffv1" if lossless else "libx264", rate=rate, **options)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        self._carried = None if like is None else Carried(like.path, like.index, self._container)

    def __enter__(self) -> "VideoWriter":
        return self

    def write(self, frame: Frame) -> None:
        """Append one (H, W, 3) uint8 RGB frame; H.264 takes even sides alone: an odd last row or column is repeated."""
        height, width = frame.shape[:2]
        if not self._lossless:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        with _as_os_error():
            if not self._written:
                self._begin(height, width, frame)
            tick, shown = self._time(self._written)
            if self._carried:
                self._carried.copy_until(tick * self._time_base)
            picture = self._picture(frame)
            picture.pts, picture.time_base = tick, self._time_base
            self._shown.append(shown)
            self._written += 1
            self._mux(self._stream.encode(picture))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _as_os_error():
            try:
                if kind is None and self._written:
                    self._mux(self._stream.encode(None))
                    if self._carried:
                        self._carried.copy_until(None)
            finally:
                self._container.close()

    def _begin(self, height: int, width: int, frame: Frame) -> None:
        """Say how large the frames are and how they are coded; only the first one knows."""
        self._stream.height, self._stream.width = frame.shape[:2]
        self._stream.pix_fmt = "bgr0" if self._lossless else "yuv420p"
        self._stream.metadata.update([_SIGNATURE])
        self._colours = Colours(BT709, BT709) if self._like is None else self._like.colours
        self._matrix = RGB if self._lossless else colour_system(width, height)
        codec = self._stream.codec_context
        codec.time_base = self._time_base
        codec.colorspace, codec.color_range = self._matrix, FULL if self._lossless else LIMITED
        codec.color_primaries, codec.color_trc = self._colours.primaries, self._colours.transfer
        if self._like is not None and self._like.pixel_aspect:
            codec.sample_aspect_ratio = self._like.pixel_aspect

    def _picture(self, frame: Frame) -> av.VideoFrame:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        how = {} if self._lossless else {"dst_colorspace": self._matrix, "dst_color_range": LIMITED}
        fine = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
        picture = picture.reformat(format=self._stream.pix_fmt, interpolation=fine, **how)
        picture.colorspace, picture.color_range = self._matrix, FULL if self._lossless else LIMITED
        picture.color_primaries, picture.color_trc = self._colours.primaries, self._colours.transfer
        return picture

    def _time(self, t: int) -> tuple[int, int]:
        """Find when frame t is shown and for how long, in ticks."""
        if self._like is None:
            return t, 1
        ticks = self._like.ticks
        begin = round(self._carried.shift / self._time_base) if self._carried else 0
        return ticks[t] - begin, ticks[t + 1] - ticks[t] if t + 1 < len(ticks) else self._like.last

    def _mux(self, packets: "list[Packet[VideoStream]]") -> None:
        """Write packets, each with the time that its frame is shown: encoders without B frames keep the order."""
        for packet in packets:
            shown = self._shown.popleft()
            if shown:
                packet.duration = round(shown * self._time_base / packet.time_base)
            self._container.mux(packet)
