"""Read and write frames: 8-bit RGB, PNG or JPEG in, PNG out."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pvdbench.core.errors import DataError, shorten

Frame = NDArray[np.uint8]  # (H, W, 3) RGB

_HALF = 127
_RGB = "8-bit RGB"
_KINDS = {"1": "black and white", "L": "8-bit grey", "LA": "grey with alpha", "I;16": "16-bit grey", "P": "a palette",
          "RGBA": "RGB with alpha", "CMYK": "CMYK"}  # fmt: skip


_FORMATS = ("PNG", "JPEG")
"""What is decoded; Pillow would hand other formats to other programs (EPS to Ghostscript)."""
_DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for a file that is damaged or too large, and for a NUL in its path."""


def read_frame(path: Path) -> Frame:
    """Decode one frame; never convert silently.

    Returns: (H, W, 3) uint8 RGB.
    Raises:
        DataError: if the file is missing, truncated or anything but 8-bit RGB.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if (kind := _kind(image)) != _RGB:
                raise DataError(
                    f"{path}: this image is {kind}, and frames are {_RGB}; convert it, knowing what is lost"
                )
            return np.asarray(image)
    except FileNotFoundError:
        raise DataError(f"{path}: this frame is not there; run the stage that makes it again") from None
    except _DAMAGE as error:
        raise DataError(
            f"{path}: this is no readable PNG or JPEG ({shorten(error)}); restore or make it again"
        ) from error


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Decode a mask: (H, W), true where it is brighter than half.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return np.asarray(image.convert("L")) > _HALF
    except FileNotFoundError:
        raise DataError(f"{path}: this mask is not there; fetch or render the data set again") from None
    except _DAMAGE as error:
        raise DataError(
            f"{path}: this is no readable PNG ({shorten(error)}); fetch or render the data set again"
        ) from error


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as a grey PNG, 255 where it is true."""
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


def _kind(image: Image.Image) -> str:
    """Name what an opened image holds; Pillow would halve the depth of 16-bit RGB without a word."""
    if image.mode != "RGB":
        return _KINDS.get(image.mode, f"mode {image.mode}")
    return "16-bit RGB" if ";16" in str(getattr(image, "tile", "")) else _RGB


def frame_size(path: Path) -> tuple[int, int]:
    """Read width and height of a frame in pixels, from its header alone.

    Raises:
        DataError: if the file is missing or its header is damaged.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return image.size
    except FileNotFoundError:
        raise DataError(f"{path}: this frame is not there; fetch or render the data set again") from None
    except _DAMAGE as error:
        raise DataError(f"{path}: this is no readable PNG or JPEG ({shorten(error)}); fetch or render the data set "
                        "again") from error  # fmt: skip


def write_frame(path: Path, frame: Frame) -> None:
    """Write (H, W, 3) uint8 RGB as PNG; level 1 is three times faster than Pillow's default for 10 % more bytes."""
    Image.fromarray(frame).save(path, format="PNG", compress_level=1)


def to_bytes(values: NDArray[np.floating]) -> Frame:
    """Convert floats in [0, 1] to bytes, rounded half up and clipped, as MATLAB's im2uint8 does."""
    return np.asarray(np.floor(np.clip(values, 0, 1) * 255 + 0.5), np.uint8)
