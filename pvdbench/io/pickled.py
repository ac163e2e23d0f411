"""Read what torch.save wrote, of whoever wrote it: no code in it is run, and few bytes never ask for much memory."""

import io
import pickletools
import zipfile
import zlib
from _compat_pickle import IMPORT_MAPPING
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from pvdbench.core.errors import shorten
from pvdbench.core.whole_file import open_file

_PICKLE = 1 << 26  # bytes of a pickle that are searched for what it names; names, not numbers, are in it
_STEPS = 500_000  # of a pickle; a checkpoint of 10,000 tensors takes 300,000
_RATIO = 4  # of a zip file's content to its bytes; torch.save compresses nothing
_CHUNK = 1 << 20
_LEGACY = 5  # pickles in a row of files of PyTorch before 1.6: two numbers, the system, content, keys


class PickleError(ValueError):
    """A file that holds pickles cannot be read; its message says why, in a few words."""


class DamagedPickleError(PickleError):
    """A file's checksum says that its content is not what was written."""


def named_objects(path: Path) -> set[str]:
    """List what a file's pickles name, `module.name` each; a damaged one names what comes before the damage.

    Raises:
        OSError: if it cannot be read.
        PickleError: if one is too long.
    """
    return {name for stream in _pickles(path) for name in _named(stream)}


def load_pickled(path: Path, stand_ins: Sequence[tuple[Any, str]] = ()) -> Any:
    """Load what torch.save wrote, by PyTorch's reader of weights alone, onto the CPU.

    Args:
        stand_ins: classes that take the place of those that the file names, each with that name.

    Raises:
        OSError: if it cannot be read.
        PickleError: if it would need much more memory, or time, than its size says.
        DamagedPickleError: if a checksum does not fit.
        Exception: whatever PyTorch raises for what it does not load, or a damaged file.
    """
    import torch

    _refuse_bomb(path)
    _check_sums(path)
    named_objects(path)  # and refuse one that is too long
    with torch.serialization.safe_globals(list(stand_ins)), _Bounded(open_file(path).detach()) as file:
        return torch.load(file, map_location="cpu", weights_only=True)  # by content: of a path it believes the ending


class _Bounded(io.BufferedReader):
    """A file whose reading asks for no more memory than it has bytes, whatever length a pickle says of a text."""

    def read(self, size: int | None = -1, /) -> bytes:
        here = self.tell()
        there = max(0, self.seek(0, io.SEEK_END) - here)
        self.seek(here)
        return super().read(there if size is None or size < 0 else min(size, there))


def _pickles(path: Path) -> Iterator[BinaryIO]:
    with open_file(path) as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            content = io.BytesIO(file.read(_PICKLE))
            for _ in range(_LEGACY):
                yield content  # each where the one before ended
            return
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.endswith("data.pkl"):
                    yield io.BytesIO(archive.open(name).read(_PICKLE))


def _named(stream: BinaryIO) -> Iterator[str]:
    try:
        for step, (code, value, _) in enumerate(pickletools.genops(stream)):
            if step > _STEPS:
                raise PickleError(f"its pickle takes more than {_STEPS} steps")
            if code.name in ("GLOBAL", "INST"):
                module, _, name = str(value).partition(" ")
                yield f"{IMPORT_MAPPING.get(module, module)}.{name}"  # Python 2's names, which protocol 2 has
    except PickleError:
        raise
    except Exception:  # whoever loads it says what is wrong with it
        return


def _refuse_bomb(path: Path) -> None:
    with open_file(path) as file:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as archive:
            packed, whole = path.stat().st_size, sum(member.file_size for member in archive.infolist())
            if whole > _RATIO * packed:
                raise PickleError(f"its {packed} bytes say that they are {whole} once unpacked")


def _check_sums(path: Path) -> None:
    """Compare a zip file's content with its checksums, which PyTorch writes and never looks at when it reads.

    They are 0 where a program told it not to compute them, and files of PyTorch before 1.6 are no zip files.
    """
    with open_file(path) as file:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.CRC and not member.is_dir():
                    _check_sum(archive, member)


def _check_sum(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    try:
        with archive.open(member) as content:
            while content.read(_CHUNK):
                pass
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DamagedPickleError(f"{shorten(member.filename, 60)} in it is not what was written") from error
