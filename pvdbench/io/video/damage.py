"""Signs that a video is damaged or was cut off: FFmpeg itself goes on without a word."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import av.logging
from av.packet import Packet
from av.video.stream import VideoStream

from pvdbench.core.errors import shorten

_SAID = re.compile(
    r"ended prematurely|CRC mismatch|damaged|corrupt|partial file|error while decoding|Error at MB|overread|"
    r"Invalid NAL|concealing|truncat|Invalid data|invalid as first byte|exceeds containing master",
    re.IGNORECASE,
)
"""What FFmpeg reports of damage; other errors that it reports do not change a frame."""
_ROUNDED = 2  # frames that a stated duration may be too long
_PACKETS = (188, 192, 204)  # bytes of an MPEG transport stream's, which is cut without a word


@dataclass
class Damage:
    """The first sign of damage, and what the file says it should hold."""

    sign: str = ""
    _packets: int = 0
    _end: Fraction = Fraction(0)  # s, of the last packet
    _shown: Fraction = Fraction(0)  # s, when the last frame ends
    _logs: list[tuple[int, str, str]] = field(default_factory=list)

    def found(self, sign: object) -> None:
        """Note a sign; the first one stays."""
        self.sign = self.sign or shorten(sign, 60)

    def packet(self, packet: "Packet[VideoStream]") -> None:
        """Look at a packet of the film before it is decoded."""
        self._packets += packet.size > 0 or packet.dts is not None
        if packet.dts is not None:
            self._end = max(self._end, (packet.dts + (packet.duration or 0)) * packet.time_base)
        if packet.pts is not None:
            self._shown = max(self._shown, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.is_corrupt:
            self.found("a damaged part")

    def finish(self, film: VideoStream, size: int) -> None:
        """Compare what was seen with what the file of so many bytes says, and take in what FFmpeg reported."""
        for _, _, message in self._logs:
            if _SAID.search(message):
                self.found(message.strip())
        expected = len(film.index_entries) if "mov" in film.container.format.name else film.frames
        interval = expected / max(1, self._packets)
        lasts = self._end * (film.average_rate or 0) > expected - 2 * interval  # AVI counts frames that were left out
        if film.frames and self._packets < min(expected, film.frames) and not lasts:
            self.found(f"it ends after {self._packets} of {film.frames}")
        lacking = _stated_seconds(film) - self._shown
        if "matroska" in film.container.format.name and lacking * (film.average_rate or 0) > _ROUNDED:
            self.found(f"it ends {float(lacking):.2f} s before it should")
        if film.container.format.name == "mpegts" and all(size % length for length in _PACKETS):
            self.found("it ends within a packet")


@contextmanager
def watched() -> Iterator[Damage]:
    """Listen to what FFmpeg reports within the block, which must run to its end: it listens to the whole process."""
    level, repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture(local=False) as logs:
            yield Damage(_logs=logs)
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(repeated)


def stated_frames(film: VideoStream) -> int:
    """Read how many frames a film should have; 0 where the file does not say."""
    if film.frames:
        return film.frames
    return round(_stated_seconds(film) * film.average_rate) if film.average_rate else 0


def _stated_seconds(film: VideoStream) -> Fraction:
    """Read when a film should end, as Matroska's tags say; 0 where they do not."""
    said = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", film.metadata.get("DURATION", ""))
    return int(said[1]) * 3600 + int(said[2]) * 60 + Fraction(said[3]) if said else Fraction(0)
