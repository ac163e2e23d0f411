"""What users give to the Python API: paths, numbers and names, checked where they come in, so that errors name them."""

import os
from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from pvdbench.core.errors import DataError, ParamsError, shorten


def as_path(path: object, name: str) -> Path:
    """Make a path of what a user gave as one.

    Raises:
        DataError: if it is no path, or none that this system can have.
    """
    if not isinstance(path, str | os.PathLike) or isinstance(path, bytes):
        raise DataError(f"{name}: {type(path).__name__} is no type of a path; give a string or a Path")
    try:
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # said by whoever reads it
            Path(path).stat()
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: '{shorten(path, 60)}' cannot be a path ({shorten(error, 60)}); correct it") from None
    return Path(path)


def as_whole(value: object, name: str, least: int | None = None) -> int:
    """Take a whole number.

    Raises:
        ParamsError: if it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or (least is not None and value < least):
        above = "" if least is None else f" of at least {least}"
        raise ParamsError(f"{name}: {shorten(repr(value), 40)}; give a whole number{above}")
    return int(value)


def as_numbers(values: object) -> pd.Series:
    """Take one number per frame, as floats in their order.

    Raises:
        DataError: if one is NaN or no number.
    """
    series = _series(values, "values")
    if len(series) and (not is_numeric_dtype(series) or is_complex_dtype(series)):
        raise DataError(f"values: {shorten(repr(series.iloc[0]), 40)} and others are {series.dtype}; give numbers")
    numbers = pd.Series(series.to_numpy(np.float64, na_value=np.nan))
    if (missing := np.flatnonzero(numbers.isna())).size:
        raise DataError(f"values: value {missing[0]} is NaN; leave such frames out, and their clips")
    return numbers


def as_clip_names(clips: object) -> pd.Series:
    """Take the name of a clip per frame, in their order.

    Raises:
        DataError: if one is missing or cannot be a name.
    """
    series = _series(clips, "clips").astype(object)
    if (missing := np.flatnonzero(series.isna())).size:
        raise DataError(f"clips: the clip of value {missing[0]} is missing; name it")
    if not all(isinstance(clip, Hashable) for clip in series):
        raise DataError("clips: a list or an array is no clip's name; give strings, numbers or tuples")
    return series


def _series(values: object, name: str) -> pd.Series:
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | Mapping | pd.DataFrame):
        raise DataError(f"{name}: {type(values).__name__} is no sequence; give one for each frame, such as a list")
    try:
        return pd.Series(values if isinstance(values, pd.Series | np.ndarray) else list(values)).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: {shorten(error, 80)}; give one for each frame, such as a list") from error
