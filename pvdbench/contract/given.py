"""Weights that a method names in method.yaml: there, whole, and those that were meant."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pvdbench.contract.card import MethodCard
from pvdbench.core.errors import WeightsError


def given_weights(folder: Path, card: MethodCard, instead: Mapping[str, Path]) -> dict[str, Path]:
    """Name to file, for every weights file of the card.

    Args:
        folder: the method's, which paths are relative to.
        instead: files that the user gave; of these nothing is checked.

    Raises:
        WeightsError: if a file is not here or another than its sha256 says.
    """
    return {name: _checked(folder, card, name) for name in card.weights if name not in instead} | dict(instead)


def are_here(folder: Path, card: MethodCard) -> bool:
    """Whether every weights file that the card names is there; a look that opens none."""
    return all((folder / weights.file).is_file() for weights in card.weights.values())


def _checked(folder: Path, card: MethodCard, name: str) -> Path:
    path, sha256 = folder / card.weights[name].file, card.weights[name].sha256
    if not path.is_file():
        raise WeightsError(f"{path}: expected the weights '{name}' of {card.label}, found none; "
                           f"{card.needs or 'put the file there'}")  # fmt: skip
    if sha256 is not None and (got := _sha256(path)) != sha256:
        raise WeightsError(f"{path}: expected the SHA-256 {sha256[:12]}..., got {got[:12]}...; get the file again, or "
                           "correct sha256 in method.yaml")  # fmt: skip
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
