"""Frames on disk: 8-bit RGB, PNG or JPEG in, PNG out."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pvdbench.core.errors import DataError

Frame = NDArray[np.uint8]  # (H, W, 3) RGB

_HALF = 127
_RGB = "8-bit RGB"
_KINDS = {"1": "black and white", "L": "8-bit grey", "LA": "grey with alpha", "I;16": "16-bit grey", "P": "a palette",
          "RGBA": "RGB with alpha", "CMYK": "CMYK"}  # fmt: skip


def read_frame(path: Path) -> Frame:
    """Decode one frame.

    Returns: (H, W, 3) uint8 RGB.
    Raises:
        DataError: if the file is missing, truncated or anything but 8-bit RGB: a number that a silent conversion had
            a part in is none.
    """
    try:
        with Image.open(path) as image:
            if (kind := _kind(image)) != _RGB:
                raise DataError(f"{path}: expected an image of {_RGB}, got {kind}; convert it, knowing what is lost")
            return np.asarray(image)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a frame, found no file; run the stage that makes it again") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataError(f"{path}: expected a whole PNG or JPEG, got a damaged one ({error}); "
                        "restore or make it again") from error  # fmt: skip


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Decode a mask: (H, W), true where it is brighter than half.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) > _HALF
    except FileNotFoundError:
        raise DataError(f"{path}: expected a mask, found no file; fetch or render the data set again") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataError(f"{path}: expected a whole PNG, got a damaged one ({error}); "
                        "fetch or render the data set again") from error  # fmt: skip


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as a grey PNG, 255 where it is true."""
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


def _kind(image: Image.Image) -> str:
    """What an opened image holds; Pillow would halve the depth of 16-bit RGB without a word."""
    if image.mode != "RGB":
        return _KINDS.get(image.mode, f"mode {image.mode}")
    return "16-bit RGB" if ";16" in str(getattr(image, "tile", "")) else _RGB


def frame_size(path: Path) -> tuple[int, int]:
    """Width and height of a frame in pixels, from its header alone.

    Raises:
        DataError: if the file is missing or its header is damaged.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except FileNotFoundError:
        raise DataError(f"{path}: expected a frame, found no file; fetch or render the data set again") from None
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{path}: expected a PNG or JPEG, got '{error}'; fetch or render the data set again") from error


def write_frame(path: Path, frame: Frame) -> None:
    """Write (H, W, 3) uint8 RGB as PNG; level 1 is three times faster than Pillow's default for 10 % more bytes."""
    Image.fromarray(frame).save(path, format="PNG", compress_level=1)


def to_bytes(values: NDArray[np.floating]) -> Frame:
    """[0, 1] floats to bytes, rounded half up and clipped, as MATLAB's im2uint8 does."""
    return np.asarray(np.floor(np.clip(values, 0, 1) * 255 + 0.5), np.uint8)
