"""Frames as users of the Python API give them: arrays, or whatever NumPy makes arrays of, and paths; one or many."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

from pvdbench.core.arguments import as_path
from pvdbench.core.errors import DataError, shorten
from pvdbench.core.notice import notice
from pvdbench.io.frame_order import names_in_order
from pvdbench.io.images import read_frame

Image = NDArray[Any]
"""(H, W, 3) RGB: uint8, or floats in a range that is stated."""

Source = Image | str | Path
"""A frame, or the path of a PNG or JPEG file."""


def list_sources(source: object, name: str) -> list[object]:
    """List one frame or many, without reading them.

    Args:
        source: a frame, an array (N, H, W, 3), or frames one after the other.
        name: what one of them is called in messages.

    Raises:
        DataError: if it is none of these.
    """
    if isinstance(source, str | Path):
        return [source]
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        values = _array(source, f"{name}s")
        if values.ndim == 1:  # of paths, say
            return list(values)
        if values.ndim not in (3, 4) or values.shape[-1] != 3:
            raise DataError(f"{name}s: shape {values.shape}; give arrays (H, W, 3) or (N, H, W, 3) in RGB")
        return [values] if values.ndim == 3 else list(values)
    if not isinstance(source, Iterable):
        raise DataError(f"{name}s: {type(source).__name__} is no type of a frame; give arrays (H, W, 3), or paths")
    return list(source)


def refuse_text_order(sources: Sequence[object], name: str) -> None:
    """Look whether paths come in the order of time, as far as their names tell it.

    Args:
        sources: as list_sources gives them; arrays have no names, and files of several folders no common order.
        name: what one of them is called in messages.

    Raises:
        DataError: if they are sorted as text where numbers say otherwise, as sorted(folder.glob("*")) gives them. Any
            other order but that of time and its reverse, as of an unsorted glob, is said in a notice.
    """
    paths = [Path(source) for source in sources if isinstance(source, str | Path)]
    names = [path.stem for path in paths]
    if len(paths) < len(sources) or len({path.parent for path in paths}) != 1:
        return
    try:
        ordered = names_in_order(names, paths[0].parent)
    except DataError:  # the names leave it in doubt, the order given does not
        return
    if names in (ordered, ordered[::-1]):
        return
    where = next(t for t, (one, other) in enumerate(zip(names, ordered, strict=True)) if one != other)
    found = f"'{shorten(names[where], 60)}' comes before '{shorten(ordered[where], 60)}'"
    if names == sorted(names):
        raise DataError(f"{name}s: they are sorted as text, so that {found}; sort them by their numbers, as "
                        "natsort.natsorted does")  # fmt: skip
    notice(f"{name}s: they are taken in the order given, in which {found}")


def read_source(source: object, name: str) -> Image:
    """Read one frame.

    Args:
        name: what it is called in messages.

    Returns: (H, W, 3), uint8 or of any type of floats.
    Raises:
        DataError: if it is missing, damaged, or of another shape or type.
    """
    if isinstance(source, str | Path):
        return read_frame(as_path(source, name))
    values = _array(source, name)
    if values.ndim != 3 or values.shape[2] != 3 or not values.size:
        raise DataError(f"{name}: shape {values.shape}; give arrays (H, W, 3) in RGB")
    if values.dtype != np.uint8 and not np.issubdtype(values.dtype, np.floating):
        raise DataError(f"{name}: type {values.dtype}; give uint8, or floats")
    return values


def read_sources(source: object, name: str) -> list[Image]:
    """Read one frame or many, each called by its number in messages; list_sources and read_source say how."""
    return [read_source(each, f"{name} {number}") for number, each in enumerate(list_sources(source, name))]


def _array(source: object, name: str) -> Image:
    try:
        if isinstance(source, PIL.Image.Image):  # turned, as the same picture is when it is read from its file
            source = ImageOps.exif_transpose(source)
        return np.asarray(source)
    except Exception as error:  # whatever a foreign type raises
        what = f"a {type(source).__name__} is no array ({shorten(error, 80)})"
        raise DataError(f"{name}: {what}; give arrays (H, W, 3), or paths") from error
