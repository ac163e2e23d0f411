"""Read and write frames: 8-bit RGB, PNG or JPEG in, turned upright as their EXIF says, PNG out."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.whole_file import open_file, read_bytes
from pvdbench.io.png import SIGNATURE, chunks, decode_plain, encode_png

Frame = NDArray[np.uint8]  # (H, W, 3) RGB

_HALF = 127
_RGB = "8-bit RGB"
_KINDS = {"1": "black and white", "L": "8-bit grey", "LA": "grey with alpha", "I;16": "16-bit grey", "P": "a palette",
          "RGBA": "RGB with alpha", "CMYK": "CMYK"}  # fmt: skip

LARGEST = Image.MAX_IMAGE_PIXELS or 0
"""Pixels of a frame that is read, 89 million (12K video has 80): more is taken for an attack on the memory."""

_FORMATS = ("PNG", "JPEG")
"""What is decoded; Pillow would hand other formats to other programs (EPS to Ghostscript)."""
_LARGEST_FILE = 4 * LARGEST  # bytes: of the largest frame without compression, and its text
_UPRIGHT = 1
_QUARTER_TURNS = (5, 6, 7, 8)  # the orientations that swap width and height


def read_frame(path: Path) -> Frame:
    """Decode one frame; never convert silently, but for the turn that its EXIF asks for, as every viewer makes it.

    Returns: (H, W, 3) uint8 RGB.
    Raises:
        DataError: if the file is missing, truncated, damaged (every checksum of a PNG is checked), larger than LARGEST
            or anything but 8-bit RGB.
    """
    reading = _decoding(path, "PNG or JPEG", "frame is not there; run the stage that makes it again",
                        "restore or make it again")  # fmt: skip
    with reading:
        data = _whole(path)
        frame = decode_plain(data)
        if frame is None:
            return _decode(path, data)
        frame.setflags(write=False)  # as what Pillow decodes: a frame may be shared
        return frame


def _decode(path: Path, data: bytes) -> Frame:
    """Decode by Pillow what is no plain PNG, or refuse it."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        if (kind := _kind(image)) != _RGB:
            raise DataError(f"{path}: this image is {kind}, and frames are {_RGB}; convert it, knowing what is lost")
        turned = _orientation(image) != _UPRIGHT
        return np.asarray(ImageOps.exif_transpose(image) if turned else image)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Decode a mask: (H, W), true where it is brighter than half.

    Raises:
        DataError: if the file is missing, damaged (every checksum of a PNG is checked) or larger than LARGEST.
    """
    again = "fetch or render the data set again"
    reading = _decoding(path, "PNG", f"mask is not there; {again}", again)
    with reading, Image.open(io.BytesIO(_whole(path)), formats=_FORMATS) as image:
        return np.asarray(image.convert("L")) > _HALF


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as a grey PNG, 255 where it is true."""
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


@contextmanager
def _decoding(path: Path, what: str, missing: str, otherwise: str) -> Iterator[None]:
    """Turn whatever is raised for a missing, damaged or too large file into one line that says what to do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd EXIF, say; what matters is raised
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: this {missing}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder, where one {what} is needed; name a file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: this is no readable {what} (cannot identify image file); {otherwise}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        size = str(error).partition(" limit")[0]
        raise DataError(f"{path}: this is no readable {what} ({size} limit of {LARGEST} pixels); make it smaller, or "
                        "remove it") from None  # fmt: skip
    except Exception as error:  # Pillow's decoders raise anything for damaged bytes, and Python for NUL in a path
        said = error.strerror if isinstance(error, OSError) and error.strerror else shorten(error)
        raise DataError(f"{path}: this is no readable {what} ({said}); {otherwise}") from error


def _whole(path: Path) -> bytes:
    """Read a file whose bytes are those that were written, so that no length in it asks for memory."""
    data = read_bytes(path, _LARGEST_FILE)
    if data.startswith(SIGNATURE):
        _check_png(data)
    return data


def _check_png(data: bytes) -> None:
    """Check the checksum of every chunk, as Pillow does not where it matters, and that there is one picture.

    Raises:
        ValueError: if one is wrong, the last one is missing, or the file is an animation.
    """
    view, pixels = memoryview(data), False
    for kind, where in chunks(data):
        start, end = where.start, where.stop
        if zlib.crc32(view[start - 4 : end]) != struct.unpack_from(">I", view, end)[0]:
            raise ValueError(f"its bytes {start - 8} to {end + 4} are not those that were written")
        if kind == b"acTL" and struct.unpack_from(">I", view, start)[0] != 1:
            raise ValueError("it is an animation of several pictures")
        if kind == b"eXIf" and pixels and _late_orientation(bytes(view[where])) != _UPRIGHT:
            raise ValueError("its orientation comes after its pixels, where programs differ in reading it")
        if kind == b"IEND":
            return
        pixels |= kind == b"IDAT"
    raise ValueError("it is cut off")


def _kind(image: Image.Image) -> str:
    """Name what an opened image holds; Pillow would halve the depth of 16-bit RGB without a word."""
    if image.mode != "RGB":
        return _KINDS.get(image.mode, f"mode {image.mode}")
    if "transparency" in image.info:
        return "RGB with a transparent colour"
    return "16-bit RGB" if ";16" in str(getattr(image, "tile", "")) else _RGB


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation from 1 (upright) to 8; in a PNG that of the chunks before the pixels, so from the header."""
    return _valid(Image.Image.getexif(image))


def _late_orientation(chunk: bytes) -> int:
    exif = Image.Exif()
    exif.load(chunk)
    return _valid(exif)


def _valid(exif: Image.Exif) -> int:
    value = exif.get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and value in range(1, 9) else _UPRIGHT


def frame_size(path: Path) -> tuple[int, int]:
    """Read width and height of a frame in pixels, once it is upright, from its header alone.

    Raises:
        DataError: if the file is missing or its header is damaged.
    """
    again = "fetch or make it again"
    reading = _decoding(path, "PNG or JPEG", f"frame is not there; correct the path, or {again}", again)
    with reading, open_file(path) as file, Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        return (height, width) if _orientation(image) in _QUARTER_TURNS else (width, height)


def write_frame(path: Path, frame: Frame) -> None:
    """Write (H, W, 3) uint8 RGB as PNG."""
    path.write_bytes(encode_png(frame))


def to_bytes(values: NDArray[np.floating]) -> Frame:
    """Convert floats in [0, 1] to bytes, rounded half up and clipped, as MATLAB's im2uint8 does."""
    return np.asarray(np.floor(np.clip(values, 0, 1) * 255 + 0.5), np.uint8)
