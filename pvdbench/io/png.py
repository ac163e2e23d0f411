"""PNGs of plain 8-bit RGB, as frames are written, encoded and decoded faster than Pillow does it."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pyspng
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HOW = bytes((8, 2, 0, 0, 0))  # bits, colour type RGB, deflate, a filter for each row, not interlaced
_LEVEL = 1  # of deflate: by the filter Up, files are as large as Pillow's of level 1
_UP = 2  # the filter "less the row above"
_HARMLESS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"tIME": 7}  # chunks that change no pixel: their lengths
_PIXELS = 2**26  # of a plain frame, which says no more than that it has so many


def encode_png(frame: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) uint8 RGB; equal frames give equal bytes.

    Raises:
        ValueError: if the frame is anything else, or empty.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise ValueError(f"a frame is (H, W, 3) uint8, got {frame.shape} of {frame.dtype}")
    deflated = zlib.compress(_filtered(frame).data, _LEVEL)
    header = struct.pack(">II", frame.shape[1], frame.shape[0]) + _HOW
    return b"".join((SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", deflated), *_chunk(b"IEND", b"")))


def decode_plain(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a PNG whose chunks have the right checksums, if it is a plain one, by libspng.

    It looks at the pixels' own checksum (Adler-32), as Pillow does and most fast decoders do not.

    Returns: (H, W, 3) uint8 RGB, as Pillow would. None for what is left to Pillow to decode or to refuse: another
        format, depth or colour type, interlaced rows, chunks that may change pixels, frames of more than 67 million
        pixels, and all that is damaged.
    """
    if not _is_plain(data):
        return None
    try:
        frame: NDArray[np.uint8] = pyspng.load(data)
    except Exception:  # it has no class of its own; Pillow says what is wrong
        return None
    return frame


def chunks(data: bytes) -> Iterator[tuple[bytes, slice]]:
    """Yield each whole chunk of a PNG: its kind, and where its content lies."""
    start = len(SIGNATURE)
    while start + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        content = slice(start + 8, start + 8 + length)
        if content.stop + 4 > len(data):
            return
        yield kind, content
        start = content.stop + 4


def _is_plain(data: bytes) -> bool:
    """Tell whether a PNG holds 8-bit RGB and nothing that a decoder could take in another way."""
    every, pixels = chunks(data), False
    if not data.startswith(SIGNATURE) or next(every, None) != (b"IHDR", slice(16, 29)) or data[24:29] != _HOW:
        return False
    width, height = struct.unpack_from(">II", data, 16)
    if not 0 < width * height <= _PIXELS:
        return False
    for kind, where in every:
        if kind == b"IEND":
            return pixels
        if kind != b"IDAT" and (pixels or _HARMLESS.get(kind) != where.stop - where.start):
            return False
        pixels |= kind == b"IDAT"
    return False


def _filtered(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Filter all rows by Up: (H, 1 + 3 W) bytes, each row after the number of its filter."""
    height, width, channels = frame.shape
    rows, out = frame.reshape(height, -1), np.empty((height, 1 + width * channels), np.uint8)
    out[:, 0], out[:, 1:] = _UP, rows
    out[1:, 1:] -= rows[:-1]
    return out


def _chunk(kind: bytes, content: bytes) -> tuple[bytes, ...]:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)
