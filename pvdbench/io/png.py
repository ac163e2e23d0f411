"""PNGs of plain 8-bit RGB, as frames are written, encoded and decoded faster than Pillow does it."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from kornia_rs.io import decode_image_png_u8
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HOW = bytes((8, 2, 0, 0, 0))  # bits, colour type RGB, deflate, a filter for each row, not interlaced
_LEVEL = 1  # of deflate: by the filter below, files are as large as Pillow's of level 1
_UP, _FILTERS = 2, 5  # the filter that takes the row above from each row, of so many
_HARMLESS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"tIME": 7}  # chunks that change no pixel: their lengths
_SIDE = 4096  # pixels of a plain frame: of the memory for a larger one, kornia-rs would not survive the lack
_BLOCK = (1 << 16) - 1  # bytes of a block of deflate that is not compressed


def encode_png(frame: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) uint8 RGB; equal frames give equal bytes.

    Raises:
        ValueError: if the frame is anything else, or empty.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise ValueError(f"a frame is (H, W, 3) uint8, got {frame.shape} of {frame.dtype}")
    height, width = frame.shape[:2]
    rows, filtered = frame.reshape(height, -1), np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0], filtered[0, 1:] = _UP, rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return _png(height, width, zlib.compress(filtered.data, _LEVEL))


def decode_plain(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a PNG whose chunks have the right checksums, if it is a plain one.

    Returns: (H, W, 3) uint8 RGB, as Pillow would. None for what is left to Pillow to decode or to refuse: another
        format, depth or colour type, interlaced rows, chunks that may change pixels, frames above 4096 pixels a side,
        and all that is damaged: pixels that do not fit their size or their own checksum, an unknown filter.
    """
    if (found := _plain(data)) is None:
        return None
    height, width, deflated = found
    inflating, size = zlib.decompressobj(), height * (1 + 3 * width)
    try:
        filtered = inflating.decompress(deflated, size + 1)  # no more, whatever there is
    except zlib.error:
        return None
    if not inflating.eof or len(filtered) != size:
        return None
    rows = np.frombuffer(filtered, np.uint8).reshape(height, -1)
    if (rows[:, 0] == _UP).all():
        return _add_rows(rows[:, 1:]).reshape(height, width, 3)
    if rows[:, 0].max() >= _FILTERS:
        return None
    end = len(deflated) - len(inflating.unused_data)
    checksum = bytes(deflated[end - 4 : end])  # of what was inflated, as zlib has found
    undone: NDArray[np.uint8] = decode_image_png_u8(
        _png(height, width, _stored(filtered, checksum)), (height, width), "rgb"
    )
    return undone


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


def _add_rows(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo the filter that takes the row above from each row; NumPy's own accumulation takes eight times as long."""
    added = np.empty(rows.shape, np.uint8)
    added[0] = rows[0]
    for above, row, out in zip(added, rows[1:], added[1:], strict=False):
        np.add(above, row, out=out)
    return added


def _png(height: int, width: int, deflated: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">II", width, height) + _HOW)
    return b"".join((SIGNATURE, *header, *_chunk(b"IDAT", deflated), *_chunk(b"IEND", b"")))


def _chunk(kind: bytes, content: bytes) -> tuple[bytes, ...]:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)


def _stored(content: bytes, checksum: bytes) -> bytes:
    """Wrap bytes as zlib does without compression: kornia-rs then undoes the filters, and has nothing to check."""
    view, parts = memoryview(content), [memoryview(b"\x78\x01")]
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        last = start + _BLOCK >= len(view)
        parts += [memoryview(struct.pack("<BHH", last, len(block), _BLOCK - len(block))), block]
    return b"".join((*parts, checksum))
