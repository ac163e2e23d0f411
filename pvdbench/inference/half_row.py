"""What is kept of a row that is not whole: its finished clips, and the record of what they came from."""

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError

import pvdbench
from pvdbench.core.notice import notice
from pvdbench.inference.handed import Contents, kept_files
from pvdbench.inference.row_run import RowRun
from pvdbench.io.atomic import replaced_file
from pvdbench.io.checksum import file_sha256
from pvdbench.methods.card import MethodCard, named_files

_RECORD = "record.json"
_LIBRARIES = ("torch", "numpy", "pillow", "av")
Files = Mapping[Path, tuple[int, ...]]
"""As kept_files has them."""


@dataclass(frozen=True)
class _Record:
    """What the finished clips came from, and how many commands have worked on the row."""

    identity: dict[str, str]
    method_files: dict[str, list[int]]
    commands: int


_AS_JSON = TypeAdapter(_Record)


class HalfRow:
    """The folder of a row while it is not whole; the same command goes on with the clips that it holds."""

    def __init__(self, folder: Path) -> None:
        """Read the record of commands that did not end, if there is one.

        Args:
            folder: of this row's own.
        """
        self._folder, self._record = folder, _read(folder / _RECORD)

    def files_at_start(self, present: Files, *, truth: bool) -> Files:
        """Return the method's files as they were when the first command began, if the row sees the truth.

        What an interrupted command of such a row left in the method's folder is found by this one.
        """
        if self._record is None or not truth:
            return present
        return {Path(path): tuple(facts) for path, facts in self._record.method_files.items()}

    def begin(self, identity: Mapping[str, str], files: Files) -> tuple[Path, int]:
        """Keep the finished clips if they came from the same, and drop them if not.

        Args:
            identity: of whatever the row's results depend on.
            files: of the method's folder.

        Returns: the folder of finished clips, and how many commands have worked on it, this one included.
        Raises:
            WriteError: if the record cannot be written.
        """
        now = _Record(dict(identity), {str(path): list(facts) for path, facts in files.items()}, 1)
        if (before := self._record) is not None:
            if not (differing := _differing(before, now)):
                now = _Record(now.identity, now.method_files, before.commands + 1)
            else:
                notice(f"{self._folder}: an interrupted command's clips are run again: since then there changed "
                       f"{', '.join(differing)}")  # fmt: skip
                self.remove()
        with replaced_file(self._folder / _RECORD) as partial:
            partial.write_bytes(_AS_JSON.dump_json(now))
        told = json.dumps(now.identity, sort_keys=True)
        # a process that is not ended yet, of a command of another identity, writes to a folder of another name
        return self._folder / hashlib.sha256(told.encode()).hexdigest()[:16], now.commands

    def remove(self) -> None:
        """Remove everything, now that the row is whole or has failed."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _read(path: Path) -> _Record | None:
    try:
        return _AS_JSON.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValidationError, ValueError):  # nothing is lost but time
        return None


def _differing(before: _Record, now: _Record) -> list[str]:
    keys = sorted({*before.identity, *now.identity})
    differing = [key for key in keys if before.identity.get(key) != now.identity.get(key)]
    return differing + (["the method's folder"] if before.method_files != now.method_files else [])


def row_identity(run: RowRun, card: MethodCard, weights: Mapping[str, Path], data: Contents) -> dict[str, str]:
    """Name whatever the bytes of a row's results depend on, each by a checksum or as it is.

    Args:
        weights: name to file.
        data: the content of the data set.
    """
    options = card.options if run.options is None else run.options
    method = run.methods / run.method
    lender = kept_files((method / card.adapter).parent)
    named = {path: _stat(path) for path in sorted(named_files(method, card))}
    return {
        "the data set": data.digest,
        "the weights": _sum([(name, _content(path)) for name, path in sorted(weights.items())]),
        "the method": _sum([run.task, run.method, card.model_dump_json(), sorted(lender.items()), named]),
        "its options": _sum(sorted(options.items())),
        "the record of its code": file_sha256(run.code) if run.code is not None and run.code.is_file() else "",
        "threads": str(run.threads),
        "pvdbench": _package(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "the machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {torch.cuda.is_available()}",
    }


def _sum(told: object) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _stat(path: Path) -> Sequence[int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _content(path: Path) -> str:
    """Hash a file, or a folder's files with their names."""
    if path.is_dir():
        return _sum([(str(file), file_sha256(file)) for file in sorted(path.rglob("*")) if file.is_file()])
    return file_sha256(path) if path.is_file() else ""


@cache
def _package() -> str:
    """Hash every module of pvdbench."""
    folder = Path(pvdbench.__file__).parent
    return _sum([(str(path.relative_to(folder)), file_sha256(path)) for path in sorted(folder.rglob("*.py"))])
