"""Read files of JSON into the types that they must have, whatever they hold."""

from collections.abc import Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.whole_file import read_bytes

Content = TypeVar("Content")


def read_json(path: Path, kind: type[Content], what: str, remedy: str) -> Content:
    """Read a file of JSON.

    Args:
        kind: what it must hold: a model, a dataclass, or types such as dict[str, str].
        what: is said of a file that does not, such as "this is no index of figures".
        remedy: what to do about it.

    Raises:
        FileNotFoundError: if it is not there.
        DataError: if it cannot be read, is no JSON, or not of this kind.
    """
    try:
        return parse_json(read_bytes(path), kind)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {what} ({_said(error)}); {remedy}") from error


def parse_json(content: bytes, kind: type[Content]) -> Content:
    """Read JSON into a type; nothing in it is converted into another.

    Raises:
        ValueError: if it is no JSON, is nested too deeply or not of this kind.
    """
    content_of_kind: Content = _adapter(cast("Hashable", kind)).validate_json(content, strict=True)
    return content_of_kind


@lru_cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # type: ignore[arg-type]  # whoever calls gives types, which can be hashed


def _said(error: Exception) -> str:
    """Name the first thing that is wrong with a file, and where in it."""
    if isinstance(error, OSError):
        return error.strerror or shorten(error, 80)
    if not isinstance(error, ValidationError):
        return shorten(error, 80)
    first = error.errors(include_url=False, include_input=False)[0]
    return shorten(f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": "), 80)
