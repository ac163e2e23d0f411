"""Write outputs that appear whole or not at all: under a temporary name beside their own, then renamed."""

import ctypes
import errno
import itertools
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pvdbench.core.errors import WriteError, shorten

_ATTEMPTS = 20  # to take a folder's place while other processes do the same
_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
_UNKNOWN = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # what file systems say that cannot flush a folder, say
_FLUSHED_ALONE = 256  # files of a folder, above which all that the file system holds is flushed at once
_HOST = re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:16] or "host"
_START = os.urandom(3).hex()  # tells this process from a dead one of the same number
_COUNTER = itertools.count()


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside path; on success it replaces path, on failure it is removed.

    The name is this process's own, so that the same command may run twice at once; what a dead one left is removed.

    Raises:
        WriteError: if the disk is full or the folder cannot be written, or a folder has this name.
    """
    partial, old = _partial(path), _partial(path, ".old")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_what_dead_processes_left(path)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder has this name")
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "a device or a pipe has this name")  # root would replace /dev/null itself
        yield partial
        _flush_to_disk(partial)
        first = not path.exists()
        with suppress(OSError):  # some file systems have no second names
            os.link(path, old)
        partial.replace(path)
        _flush_name(path, old, first=first)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        for left in (partial, old):
            with suppress(OSError):  # which would hide the error that matters
                left.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside path; on success it replaces path, on failure it is removed.

    Its name is this process's own, as replaced_file's is.

    Raises:
        WriteError: if the disk is full or the folder cannot be written, or a file has its name.
    """
    partial, old = _partial(path), _partial(path, ".old")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_what_dead_processes_left(path)
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file has this name")
        partial.mkdir()
        yield partial
        _flush_all(partial)
        first = not path.exists()
        _take_its_place(partial, path, old)
        _flush_name(path, old, first=first)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            if os.path.lexists(old) and not os.path.lexists(path):
                old.rename(path)
        _remove(partial)
        _remove(old)


def _take_its_place(partial: Path, path: Path, old: Path) -> None:
    """Put a folder in the place of another, which becomes old; if two processes do so at once, the later one stays."""
    for _ in range(_ATTEMPTS):
        _remove(old)
        with suppress(FileNotFoundError):
            path.rename(old)
        try:
            partial.rename(path)
            return
        except OSError as error:
            if error.errno not in _OCCUPIED:
                raise
    raise OSError(errno.EBUSY, "other processes write it at the same time")


def _partial(path: Path, kind: str = "") -> Path:
    return path.with_name(f"{path.name}.{_HOST}-{os.getpid()}-{_START}-{next(_COUNTER)}{kind}.partial")


def _remove_what_dead_processes_left(path: Path) -> None:
    """Remove temporary files of processes of this machine that are gone; a folder that one had put aside returns."""
    name = re.compile(rf"{re.escape(path.name)}\.{_HOST}-(\d+)-([0-9a-f]+)-\d+(\.old)?\.partial")
    for entry in list(os.scandir(path.parent)):
        left = name.fullmatch(entry.name)
        if left is None or _runs(int(left[1]), left[2]):
            continue
        if left[3] and not os.path.lexists(path):
            Path(entry.path).rename(path)
        else:
            _remove(Path(entry.path))


def _runs(process: int, start: str) -> bool:
    if process == os.getpid():
        return start == _START
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # another user's
    return True


def _remove(path: Path) -> None:
    """Remove a file, a link (never what it leads to) or a folder, if it can be."""
    with suppress(OSError):
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)


def _cannot_write(path: Path, error: OSError) -> WriteError:
    reason = error.strerror or shorten(error, 200)
    return WriteError(f"cannot write {shorten(path, 150)}: {reason}; the previous version is untouched; free space, "
                      "fix the permissions or choose another name, then run again")  # fmt: skip


def _flush_to_disk(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, so that a power cut leaves the old or the new one, whole."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    finally:
        os.close(file)


def _flush_all(folder: Path) -> None:
    """Have the disk hold all that lies in a folder before it gets its name."""
    every = [path for path in folder.rglob("*") if not path.is_symlink() and (path.is_dir() or path.is_file())]
    if len(every) > _FLUSHED_ALONE:
        _flush_file_system(folder)
        every = []
    for path in (*every, folder):
        _flush_to_disk(path)


def _flush_file_system(folder: Path) -> None:
    """Flush all that a folder's file system holds; one call takes less time than one for each of many files."""
    file = os.open(folder, os.O_RDONLY)
    try:
        if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).syncfs(file):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(file)


def _flush_name(path: Path, old: Path, *, first: bool) -> None:
    """Have the disk hold path's new name; where it does not, the previous version, which is called old, returns.

    Args:
        first: whether there is no previous version. Without a second name for it the new one stays, which is whole.
    """
    try:
        _flush_to_disk(path.parent)
    except OSError:
        with suppress(OSError):
            if first or os.path.lexists(old):
                _remove(path)
                old.rename(path)
        raise
