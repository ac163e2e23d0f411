"""What is kept of a command's work that is not whole: its finished clips, and the record of what they came from."""

import hashlib
import json
import platform
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from pvdbench.core.notice import notice
from pvdbench.io.atomic import replaced_file
from pvdbench.io.checksum import file_sha256

_RECORD = "record.json"
_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "opencv-python-headless", "pillow", "pyspng-seunglab", "av")
Files = Mapping[Path, tuple[int, ...]]
"""Files with what changes with their content, as file_facts has it."""


@dataclass(frozen=True)
class _Record:
    """What the finished clips came from, and how many commands have worked on it."""

    identity: dict[str, str]
    method_files: dict[str, list[int]]
    commands: int


_AS_JSON = TypeAdapter(_Record)


class HalfDone:
    """The folder of a command's work while it is not whole; the same command goes on with the clips that it holds."""

    def __init__(self, folder: Path) -> None:
        """Read the record of commands that did not end, if there is one.

        Args:
            folder: of its own.
        """
        self._folder, self._record = folder, _read(folder / _RECORD)

    def files_at_start(self, present: Files, *, truth: bool) -> Files:
        """Return the method's files as they were when the first command began, if its row sees the truth.

        What an interrupted command of such a row left in the method's folder is found by this one.
        """
        if self._record is None or not truth:
            return present
        return {Path(path): tuple(facts) for path, facts in self._record.method_files.items()}

    def begin(self, identity: Mapping[str, str], files: Files = MappingProxyType({})) -> tuple[Path, int]:
        """Keep the finished clips if they came from the same, and drop them if not.

        Args:
            identity: of whatever the results depend on.
            files: of the method's folder, where one runs.

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
        """Remove everything, now that the work is whole or has failed."""
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


def file_facts(path: Path) -> tuple[int, int, int]:
    """Return what changes with a file's content: size and times; that of the last change, ctime, cannot be set."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def facts_digest(paths: Iterable[Path]) -> str:
    """Hash the names and facts of files, none of which is read."""
    return digest([(str(path), file_facts(path)) for path in sorted(paths)])


def digest(told: object) -> str:
    """Hash what prints alike if it is the same."""
    return hashlib.sha256(repr(told).encode()).hexdigest()


def program_identity() -> dict[str, str]:
    """Name what computes: pvdbench by a checksum of its modules, libraries, and the processor's instruction set."""
    import torch

    return {
        "pvdbench": _package(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "the machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {torch.cuda.is_available()}",
    }


@cache
def _package() -> str:
    folder = Path(__file__).parents[1]
    return digest([(str(path.relative_to(folder)), file_sha256(path)) for path in sorted(folder.rglob("*.py"))])
