"""The files that a method's card names: adapter, frames, and weights, whose SHA-256 is verified."""

import re
from collections.abc import Mapping
from glob import glob
from pathlib import Path

from pvdbench.core.errors import WeightsError
from pvdbench.io.checksum import file_sha256
from pvdbench.methods.card import MethodCard

_FIELD = re.compile(r"{[^}]*}")


def named_files(folder: Path, card: MethodCard) -> set[Path]:
    """List the files that a method's card names wherever they lie, of those that exist: adapter, weights, frames.

    Args:
        folder: the method's.
    """
    named = {folder / card.adapter, *(folder / weights.file for weights in card.weights.values())}
    frames = glob(str(folder / _FIELD.sub("*", card.frames.path))) if card.frames else ()  # noqa: PTH207  # a path may be absolute
    return {path for path in (*named, *map(Path, frames)) if path.is_file()}


def locate_weights(folder: Path, card: MethodCard, overrides: Mapping[str, Path]) -> dict[str, Path]:
    """Locate every weights file of a card and verify its SHA-256, where the card has one.

    Args:
        folder: the method's, which paths are relative to.
        overrides: name to file, in place of the card's or beside them; of these nothing is checked.

    Raises:
        WeightsError: if a file is missing or has another SHA-256.
    """
    return {name: _verified(folder, card, name) for name in card.weights if name not in overrides} | dict(overrides)


def has_weights(folder: Path, card: MethodCard) -> bool:
    """Tell whether every weights file that the card names exists, without opening one."""
    return all((folder / weights.file).is_file() for weights in card.weights.values())


def _verified(folder: Path, card: MethodCard, name: str) -> Path:
    path, sha256 = folder / card.weights[name].file, card.weights[name].sha256
    if not path.is_file():
        raise WeightsError(
            f"{path}: the weights '{name}' of {card.label} are not there; {card.needs or 'put the file there'}"
        )
    if sha256 is not None and (found := file_sha256(path)) != sha256:
        raise WeightsError(f"{path}: its SHA-256 is {found[:12]}..., method.yaml says {sha256[:12]}...; get the file "
                           "again, or correct method.yaml")  # fmt: skip
    return path
