"""PNGs of plain 8-bit RGB, as frames are written, encoded and decoded faster than Pillow does it."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from kornia_rs.io import decode_image_png_u8
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HOW = bytes((8, 2, 0, 0, 0))  # bits, colour type RGB, deflate, a filter for each row, not interlaced
_LEVEL = 1  # of deflate: by the filter Up, files are as large as Pillow's of level 1
_NONE, _SUB, _UP = range(3)  # filters: the row itself, less the pixel to the left, less the row above
_PEEKED = 32  # rows whose filters tell whether all rows may have one
_TABLES = 1000  # bytes of deflate's own beside the rows
_HARMLESS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"tIME": 7}  # chunks that change no pixel: their lengths
_SIDE = 4096  # pixels of a plain frame: where memory for a larger one is short, kornia-rs would end the process


def encode_png(frame: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) uint8 RGB; equal frames give equal bytes.

    Raises:
        ValueError: if the frame is anything else, or empty.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise ValueError(f"a frame is (H, W, 3) uint8, got {frame.shape} of {frame.dtype}")
    deflated = zlib.compress(_filtered(frame, _UP).data, _LEVEL)
    header = struct.pack(">II", frame.shape[1], frame.shape[0]) + _HOW
    return b"".join((SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", deflated), *_chunk(b"IEND", b"")))


def decode_plain(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a PNG whose chunks have the right checksums, if it is a plain one.

    kornia-rs leaves the checksum of the pixels out, which Pillow looks at; it is that of the filtered rows. Where all
    rows have one simple filter, as those of this package and of OpenCV, they are had again from the pixels.

    Returns: (H, W, 3) uint8 RGB, as Pillow would. None for what is left to Pillow to decode or to refuse: another
        format, depth or colour type, interlaced rows, several filters, chunks that may change pixels, frames above 4096
        pixels a side, and all that is damaged.
    """
    if (found := _plain(data)) is None:
        return None
    height, width, deflated = found
    if (kind := _filter_kind(height, width, deflated)) is None:
        return None
    try:
        frame: NDArray[np.uint8] = decode_image_png_u8(data, (height, width), "rgb")
    except Exception:  # it has no class of its own; Pillow says what is wrong
        return None
    return frame if zlib.adler32(_filtered(frame, kind).data).to_bytes(4) == deflated[-4:] else None


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


def _plain(data: bytes) -> tuple[int, int, bytearray] | None:
    """Read height, width and the compressed pixels of a plain PNG; None if it is none."""
    every, view, deflated = chunks(data), memoryview(data), bytearray()
    if not data.startswith(SIGNATURE) or next(every, None) != (b"IHDR", slice(16, 29)) or data[24:29] != _HOW:
        return None
    width, height = struct.unpack_from(">II", data, 16)
    if not (0 < width <= _SIDE and 0 < height <= _SIDE):
        return None
    for kind, where in every:
        if kind == b"IDAT":
            deflated += view[where]
        elif kind == b"IEND":
            return height, width, deflated
        elif deflated or _HARMLESS.get(kind) != where.stop - where.start:
            return None
    return None


def _filter_kind(height: int, width: int, deflated: bytearray) -> int | None:
    """Read the filter that all rows seem to have; None if it is not a simple one, or there are several."""
    length = 1 + 3 * width
    peeked = min(height, _PEEKED) * length
    try:
        rows = zlib.decompressobj().decompress(memoryview(deflated)[: 2 * peeked + _TABLES], peeked)
    except zlib.error:
        return None
    kinds = set(rows[::length]) if len(rows) == peeked else set()
    return min(kinds) if len(kinds) == 1 and kinds < {_NONE, _SUB, _UP} else None


def _filtered(frame: NDArray[np.uint8], kind: int) -> NDArray[np.uint8]:
    """Filter all rows in one way: (H, 1 + 3 W) bytes, each row after the number of its filter."""
    height, width, channels = frame.shape
    rows, out = frame.reshape(height, -1), np.empty((height, 1 + width * channels), np.uint8)
    out[:, 0], out[:, 1:] = kind, rows
    if kind == _SUB:
        out[:, 1 + channels :] -= rows[:, :-channels]
    elif kind == _UP:
        out[1:, 1:] -= rows[:-1]
    return out


def _chunk(kind: bytes, content: bytes) -> tuple[bytes, ...]:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)
