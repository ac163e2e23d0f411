"""What a written video takes over from its source besides the film: sound, subtitles, chapters, titles and names."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from pvdbench.core.notice import notice
from pvdbench.io.video.streams import opened

_CARRIED = ("audio", "subtitle")
_OWN_NAMES = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "rotate"}
"""Names that the written file gives itself."""
_STREAM_NAMES = {"language", "title"}


class Carried:
    """The other streams of a file, copied packet by packet as the film is written, so that memory stays flat."""

    def __init__(self, source: Path, film: int, target: OutputContainer) -> None:
        """Add the streams that the target can hold, and name those that are left out.

        Args:
            film: index of the film's stream, which is written anew.
            target: with its film stream added, and nothing written yet.

        Raises:
            DataError: if the source cannot be read any more.
        """
        self._source, self._target = source, target
        self._streams: dict[int, Stream] = {}
        self._last: dict[int, int] = {}  # time of the packet before, of each stream
        self._back = 0  # packets left out, since their times go back
        self._warming: set[int] = set()  # streams of which Matroska cannot hold what comes before 0
        self._packets: Iterator[Packet[Any]] | None = None
        self._next: Packet[Any] | None = None
        with opened(source) as container:
            self.shift = _shift(container)
            self._take_names(container)
            left = [_name(stream) for stream in container.streams if stream.index != film and not self._add(stream)]
        if left:
            notice(f"{source}: left out of the result, which cannot hold it: {', '.join(left)}")

    def copy_until(self, seconds: Fraction | None) -> None:
        """Copy what belongs before a moment of the target; None for all that is left.

        Raises:
            DataError: if the source cannot be read any more.
        """
        if not self._streams:
            return
        self._packets = self._packets or self._read()
        while (packet := self._next or next(self._packets, None)) is not None:
            self._next = packet
            at = (packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base - self.shift
            if seconds is not None and at > seconds:
                return
            self._write(packet)
            self._next = None
        if self._back:
            notice(f"{self._source}: {self._back} packets of its sound are left out, whose times go back: these are "
                   "several films in one")  # fmt: skip
            self._back = 0

    def _read(self) -> "Iterator[Packet[Any]]":
        with opened(self._source) as container:
            try:
                for packet in container.demux(*(container.streams[index] for index in self._streams)):
                    if packet.size:
                        yield packet
            except FFmpegError:
                notice(f"{self._source}: its sound ends early, where the file is damaged")

    def _write(self, packet: "Packet[Any]") -> None:
        ticks = round(self.shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - ticks
        packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
        if packet.pts is not None and packet.pts < 0 and packet.stream_index in self._warming:
            return
        step = packet.stream.type == "audio"  # subtitles may come at one time
        if packet.dts is not None and packet.dts < self._last.get(packet.stream_index, packet.dts - step) + step:
            self._back += 1
            return
        if packet.dts is not None:
            self._last[packet.stream_index] = packet.dts
        packet.stream = self._streams[packet.stream_index]
        self._target.mux(packet)

    def _add(self, stream: Stream) -> bool:
        if stream.type not in _CARRIED or stream.codec_context is None:
            return False
        if not _fits(stream, self._target.format.name):
            return False
        copy = self._target.add_stream_from_template(stream)
        copy.metadata.update({key: value for key, value in stream.metadata.items() if key.lower() in _STREAM_NAMES})
        self._streams[stream.index] = copy
        says_delay = "matroska" in stream.container.format.name or stream.codec_context.name == "opus"
        if "matroska" in self._target.format.name and not says_delay:
            self._warming.add(stream.index)  # samples before 0 only warm a decoder up; they would move the film
        return True

    def _take_names(self, container: InputContainer) -> None:
        names = {key: value for key, value in container.metadata.items() if key.lower() not in _OWN_NAMES}
        self._target.metadata.update(names)
        if chapters := container.chapters():
            self._target.set_chapters(chapters)


def _fits(stream: Stream, target: str) -> bool:
    """Tell whether a kind of file can hold a stream as it is, by beginning one in memory."""
    if target == "mp4" and isinstance(stream, AudioStream) and _stands_nowhere(stream):
        return False  # it would fail at the end
    try:
        with av.open(io.BytesIO(), "w", format=target) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (FFmpegError, ValueError):
        return False
    return True


def _stands_nowhere(sound: AudioStream) -> bool:
    """Tell whether sound is samples of several loudspeakers without a word where they stand, which MP4 must know."""
    layout = sound.layout
    return sound.codec_context.name.startswith("pcm") and layout.nb_channels > 1 and layout.name.endswith("channels")


def _shift(container: InputContainer) -> Fraction:
    """Find the seconds to take off every time: where a broadcast begins at some hour, or a file before 0."""
    start = Fraction(container.start_time or 0, 1_000_000)
    return start if start < 0 or container.format.name in ("mpegts", "mpeg") else Fraction(0)


def _name(stream: Stream) -> str:
    codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown"
    return f"{stream.type} stream {stream.index} ({codec})"
