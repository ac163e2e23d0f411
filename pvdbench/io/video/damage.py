"""Signs that a video is damaged or was cut off: FFmpeg itself goes on without a word."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from pvdbench.core.errors import shorten

_SAID = re.compile(
    r"^(?!SEI type|unable to decode APP).*("
    r"ended prematurely|CRC mismatch|damaged|corrupt|partial file|error while decoding|Error at MB|overread|"
    r"Invalid NAL|concealing|truncat|Invalid data|invalid as first byte|exceeds containing master|"
    r"Unknown-sized element|Packet mismatch|packet_\w+_size|asf skip|incomplete packet|error count|error y=|"
    r"find ref with POC|constructing the frame RPS|reference picture|Frame num gap)",
    re.IGNORECASE | re.DOTALL,
)
"""What FFmpeg reports of damage; the rest changes no frame, notes of cameras (SEI, APP) least of all."""
_ROUNDED = 2  # frames that a stated duration may be too long
_PACKETS = ((188, 188), (192, 188), (204, 204))  # bytes of an MPEG transport stream's, and from its sync to its end
_SYNC = b"\x47"
_SLOW = Fraction(10)  # frames per second of a film of one frame that does not say
_SAY_SECONDS = ("flv", "asf")  # containers whose head says when the longest stream ends


@dataclass
class Damage:
    """The first sign of damage, and what the file says it should hold."""

    sign: str = ""
    _packets: int = 0
    _end: Fraction = Fraction(0)  # s, of the last packet
    _shown: Fraction = Fraction(0)  # s, when the last frame ends
    _sounds: Fraction = Fraction(0)  # s, when the last packet of sound ends
    _steps: list[Fraction] = field(default_factory=list)  # s, the shortest and the longest from packet to packet
    _before: Fraction | None = None  # s, of the packet before
    _logs: list[tuple[int, str, str]] = field(default_factory=list)

    def found(self, sign: object) -> None:
        """Note a sign; the first one stays."""
        self.sign = self.sign or shorten(sign, 60)

    def packet(self, packet: "Packet[VideoStream]") -> None:
        """Look at a packet of the film before it is decoded."""
        self._packets += packet.size > 0 or packet.dts is not None
        if packet.dts is not None:
            self._end = max(self._end, (packet.dts + (packet.duration or 0)) * packet.time_base)
            self._step(packet.dts * packet.time_base)
        if packet.pts is not None:
            self._shown = max(self._shown, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.is_corrupt:
            self.found("a damaged part")

    def sound(self, packet: "Packet[Any]") -> None:
        """Look at a packet of the film's sound, which may last longer."""
        if packet.pts is not None:
            self._sounds = max(self._sounds, (packet.pts + (packet.duration or 0)) * packet.time_base)

    def finish(self, container: InputContainer, film: VideoStream) -> None:
        """Compare what was seen with what the file says, and take in what FFmpeg reported."""
        for _, _, message in self._logs:
            if _SAID.search(message):
                self.found(message.strip())
        name, rate = container.format.name, film.average_rate or Fraction(0)
        self._steps = self._steps or [1 / (rate or _SLOW)] * 2
        expected, stated = len(film.index_entries) if "mov" in name else film.frames, _said_frames(film, container.size)
        lasts = self._end * rate > expected - self._steps[0] * rate  # AVI counts frames that were left out
        if self._packets < min(expected, stated) and not lasts:
            self.found(f"it ends after {self._packets} of {stated}")
        lacking = _stated_seconds(film) - self._shown
        if "matroska" in name and lacking * rate > _ROUNDED:
            self.found(f"it ends {float(lacking):.2f} s before it should")
        lacking = Fraction(container.duration or 0, 1_000_000) - max(self._shown, self._sounds)
        if name in _SAY_SECONDS and lacking > _ROUNDED * self._steps[1]:
            self.found(f"it ends {float(lacking):.2f} s before it should")
        if name == "mpegts" and not _ends_with_a_packet(Path(container.name), container.size):
            self.found("it ends within a packet")

    def _step(self, moment: Fraction) -> None:
        if self._before is not None and moment > self._before:
            step = moment - self._before
            self._steps = [min(step, *self._steps[:1]), max(step, *self._steps[1:])] if self._steps else [step, step]
        self._before = moment


def _ends_with_a_packet(path: Path, size: int) -> bool:
    """Tell whether an MPEG transport stream is whole packets to its last byte: nothing is cut off, zeroed or erased."""
    with path.open("rb") as file:
        file.seek(-min(size, _PACKETS[-1][0]), os.SEEK_END)
        tail = file.read()
    return any(size % length == 0 and tail[-back:][:1] == _SYNC for length, back in _PACKETS)


@contextmanager
def watched() -> Iterator[Damage]:
    """Listen to what FFmpeg reports within the block, which must run to its end: it listens to the whole process."""
    level, repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.INFO)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture(local=False) as logs:
            yield Damage(_logs=logs)
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(repeated)


def stated_frames(film: VideoStream, size: int) -> int:
    """Read how many frames a film in a file of so many bytes should have; 0 where the file does not say."""
    if said := _said_frames(film, size):
        return said
    return round(_stated_seconds(film) * film.average_rate) if film.average_rate else 0


def _said_frames(film: VideoStream, size: int) -> int:
    """Read the count of the file's head: AVI that was written into a pipe has one of more frames than it has bytes."""
    return film.frames if film.frames < size else 0


def _stated_seconds(film: VideoStream) -> Fraction:
    """Read when a film should end, as Matroska's tags say; 0 where they do not."""
    said = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", film.metadata.get("DURATION", ""))
    return int(said[1]) * 3600 + int(said[2]) * 60 + Fraction(said[3]) if said else Fraction(0)
