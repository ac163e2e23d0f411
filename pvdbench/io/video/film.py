"""A video's film: its frames in order, decoded one by one so that memory stays flat, and when each is shown."""

import itertools
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from pvdbench.core.errors import DataError
from pvdbench.core.notice import notice
from pvdbench.io.images import Frame
from pvdbench.io.video.damage import Damage, stated_frames, watched
from pvdbench.io.video.pixels import colours_of, losses, swaps_sides, to_rgb, turn
from pvdbench.io.video.streams import film_stream, opened

_RATE = Fraction(30)  # frames per second of a file that does not say
_NO_TIMES = 128  # FFmpeg's AVFMT_NOTIMESTAMPS
_RAW = "a raw stream holds neither times nor a count of its frames: one that is lost leaves no sign"
_STRICT = {"err_detect": "crccheck+bitstream+buffer+careful"}  # what no sound film does is an error, not an odd picture


class Film:
    """The film of a video file, looked through once when it is opened.

    Attributes:
        path: of the file.
        index: of its stream in the file.
        time_base: seconds of one tick.
        rate: frames per second, the mean; 30 where the file does not say.
        ticks: when each frame is shown, rising.
        last: ticks that the last frame is shown; 0 where the file does not say.
        pixel_aspect: width of a pixel over its height, upright; None where the file does not say.
        colours: of the first frame.
    """

    def __init__(self, path: Path, *, allow_damaged: bool = False) -> None:
        """Choose the film among the file's streams and decode it once, to count its frames and find damage.

        Args:
            allow_damaged: go on with the frames that can be read, with a notice.

        Raises:
            DataError: if the file is missing, unreadable, without frames, or damaged or cut off.
        """
        self.path, self.ticks, self.last = path, array("q"), 0
        self.pixel_aspect: Fraction | None = None
        self._size = (0, 0)
        with opened(path) as container:
            stream = film_stream(container, path)
            self.index = stream.index
            self.time_base = stream.time_base or 1 / _RATE
            self.rate = stream.average_rate or _RATE
            if container.format.flags & _NO_TIMES:
                notice(f"{path}: {_RAW}")
        damage, stated = self._look_through()
        if damage.sign:
            _report_damage(path, damage, len(self), stated, allowed=allow_damaged)
        if not self.ticks:
            raise DataError(f"{path}: this video has no frames; name another file")

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.ticks)

    def frames(self) -> Iterator[Frame]:
        """Decode the frames, (H, W, 3) RGB bytes each, upright, one by one.

        Raises:
            DataError: if the file changed since it was opened.
        """
        count = 0
        with opened(self.path) as container:
            for frame in _decoded(container, self._stream(container), Damage()):
                count += 1
                yield to_rgb(frame, f"{self.path}: frame {count - 1}")
        if count != len(self):
            raise DataError(f"{self.path}: it had {len(self)} frames and now has {count}; run again when it is whole")

    def say_what_frames_lose(self) -> None:
        """Say what becomes of pixels that are not square where frames are written as images."""
        if self.pixel_aspect not in (None, 1):
            wide = f"its pixels are {self.pixel_aspect} times as wide as high"
            notice(f"{self.path}: {wide}; PNG frames are not stretched")

    def _stream(self, container: InputContainer) -> VideoStream:
        stream = next(stream for stream in container.streams.video if stream.index == self.index)
        stream.codec_context.options = _STRICT
        return stream

    def _look_through(self) -> tuple[Damage, int]:
        with watched() as damage, opened(self.path) as container:
            stream = self._stream(container)
            for frame in _decoded(container, stream, damage):
                if not self.ticks:
                    self._describe(frame, stream)
                self._add(frame)
            damage.finish(container, stream)
            self._put_in_order()
            self._correct_rate()
            return damage, stated_frames(stream, container.size)

    def _describe(self, frame: av.VideoFrame, stream: VideoStream) -> None:
        """Take down what all frames have in common, and say what of it is lost."""
        self._size, self.colours = (frame.width, frame.height), colours_of(frame)
        aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
        if aspect:
            self.pixel_aspect = 1 / aspect if swaps_sides(turn(frame)) else Fraction(aspect)
        for said in losses(frame, beside=stream.metadata):
            notice(f"{self.path}: {said}")

    def _add(self, frame: av.VideoFrame) -> None:
        """Take down when a frame is shown."""
        count = len(self.ticks)
        if (frame.width, frame.height) != self._size:
            sizes = f"{frame.width}x{frame.height} from frame {count} on and {self._size[0]}x{self._size[1]} before"
            raise DataError(f"{self.path}: this video is {sizes}; cut it there, or convert it to one size")
        step = max(1, round(1 / (self.rate * self.time_base)))
        self.ticks.append(frame.pts if frame.pts is not None else self.ticks[-1] + step if count else 0)
        self.last = frame.duration or 0


    def _put_in_order(self) -> None:
        """Have times rise: frames come in order, and some files give them the times at which they are decoded."""
        if all(earlier < later for earlier, later in itertools.pairwise(self.ticks)):
            return
        notice(f"{self.path}: its times do not rise from frame to frame; the frames get them in order")
        ordered = sorted(self.ticks)
        for t in range(1, len(ordered)):
            ordered[t] = max(ordered[t], ordered[t - 1] + 1)
        self.ticks = array("q", ordered)

    def _correct_rate(self) -> None:
        """Where a file takes its clock for its rate, as DV and some AVI do, take the mean of the times."""
        seconds = (self.ticks[-1] - self.ticks[0]) * self.time_base if self.ticks else Fraction(0)
        if self.rate * seconds > 2 * len(self):
            self.rate = ((len(self) - 1) / seconds).limit_denominator(1001)


def _decoded(container: InputContainer, film: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    """Decode all that can be; damage says where something could not."""
    for packet in _demuxed(container, film, damage):
        damage.packet(packet)
        try:
            frames = packet.decode()
        except FFmpegError as error:
            damage.found(error.strerror)
            continue
        for frame in frames:
            assert isinstance(frame, av.VideoFrame)
            if frame.is_corrupt:
                damage.found("a damaged frame")
            yield frame


def _demuxed(container: InputContainer, film: VideoStream, damage: Damage) -> "Iterator[Packet[Any]]":
    try:
        for packet in container.demux(film, *container.streams.audio):
            if packet.stream.index == film.index:  # of the last, empty packet stream_index is 0
                yield packet
            else:
                damage.sound(packet)
    except FFmpegError as error:
        damage.found(error.strerror)


def _report_damage(path: Path, damage: Damage, count: int, stated: int, *, allowed: bool) -> None:
    read = f"{count} of {stated} frames" if stated > count else f"{count} frames"
    what = f"this video is damaged or cut off ({damage.sign})"
    if not allowed:
        raise DataError(f"{path}: {what}; {read} can be read; get it whole, or go on with --allow-damaged")
    notice(f"{path}: {what}; it goes on with {read}")
