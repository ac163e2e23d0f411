"""Write outputs that appear whole or not at all: under a temporary name beside their own, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pvdbench.core.errors import WriteError, shorten


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside path; on success it replaces path, on failure it is removed.

    Raises:
        WriteError: if the disk is full or the folder cannot be written.
    """
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _flush_to_disk(partial)
        partial.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # which would hide the error that matters
            partial.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside path; on success it replaces path, on failure it is removed.

    Raises:
        WriteError: if the disk is full or the folder cannot be written.
    """
    partial, old = _partial(path), path.with_name(path.name + ".old.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        partial.rename(path)
    except OSError as error:
        with suppress(OSError):
            if old.exists() and not path.exists():
                old.rename(path)
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _cannot_write(path: Path, error: OSError) -> WriteError:
    reason = error.strerror or shorten(error, 200)
    return WriteError(f"cannot write {shorten(path, 150)}: {reason}; the previous version is untouched; free space or "
                      "fix the permissions, then run again")  # fmt: skip


def _flush_to_disk(partial: Path) -> None:
    """Have the disk hold a file before it gets its name, so that a power cut leaves the old or the new one, whole."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
