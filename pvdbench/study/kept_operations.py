"""Counts of operations, kept beside a machine's rates: a count takes up to seconds, and only code changes it."""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch

from pvdbench.core.errors import DataError, WriteError
from pvdbench.core.json_file import read_json
from pvdbench.io.atomic import replaced_file
from pvdbench.study.fingerprints import TREE, file_hashes
from pvdbench.study.operations import Operations

Count = Callable[[], Operations | None]


@dataclass(frozen=True)
class _Kept:
    """The file.

    Attributes:
        code: hash of pvdbench and PyTorch as they were when the counts were made.
        counts: by what was counted; None where a network cannot be counted.
    """

    code: str
    counts: dict[str, Operations | None]


class KeptOperations:
    """What was counted once by this code, here or in an earlier process."""

    def __init__(self, path: Path) -> None:
        """Take the file that keeps the counts; one that is damaged, or of other code, is begun anew."""
        self._path = path
        self._counts: dict[str, Operations | None] = {}
        with suppress(DataError, FileNotFoundError):
            kept = read_json(path, _Kept, "these are no counts of operations", "delete it")
            if kept.code == _code():
                self._counts = kept.counts

    def of(self, what: Iterable[object], count: Count) -> Operations | None:
        """Take the count of what, or make and keep it.

        Args:
            what: all that the count depends on besides pvdbench's code; its parts are told apart by their repr.
        """
        key = _hashed(what)
        if key not in self._counts:
            self._counts[key] = count()
            self._write()
        return self._counts[key]

    def _write(self) -> None:
        kept = asdict(_Kept(_code(), self._counts))
        with suppress(WriteError, OSError), replaced_file(self._path) as partial:  # others' folders can be planned, too
            partial.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@cache
def _code() -> str:
    return _hashed((file_hashes((TREE / "pvdbench").rglob("*.py"), TREE), torch.__version__))


def _hashed(parts: Iterable[object]) -> str:
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()
