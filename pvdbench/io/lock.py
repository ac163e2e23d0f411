"""Let one command at a time make a result, by a lock of the system's, which ends with its process however that ends."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pvdbench.core.errors import shorten
from pvdbench.core.notice import notice

_LONGEST = 200  # bytes of a note that are read


@contextmanager
def one_command_at_a_time(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock within the block; while another process holds it, say in one line who that is, and wait.

    A file that is left there holds nothing: what counts is the lock on it, which a process that inherits no open files
    does not hold. Where no lock can be had, on some network disks, a line says so, and the block runs without.

    Args:
        lock: a file that is nobody's result; it and its folder are made.
        what: that is made, for messages.
    """
    file = _opened(lock, what)
    try:
        if file is not None:
            _take(file, lock, what)
        yield
    finally:
        if file is not None:
            os.close(file)


def _opened(lock: Path, what: str) -> int | None:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # then the result cannot be written either, and that says so
            _say_that_there_is_none(lock, what, error)
        return None


def _take(file: int, lock: Path, what: str) -> None:
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            notice(f"{what}: {_who(file)} is at work on it; this command waits until that ends, then does its own work")
            fcntl.flock(file, fcntl.LOCK_EX)
        note = f"process {os.getpid()} on {socket.gethostname()} since {datetime.now():%Y-%m-%d %H:%M:%S}"
        os.ftruncate(file, 0)
        os.pwrite(file, note.encode(), 0)
    except OSError as error:
        _say_that_there_is_none(lock, what, error)


def _who(file: int) -> str:
    return shorten(os.pread(file, _LONGEST, 0).decode(errors="replace")) or "another command"


def _say_that_there_is_none(lock: Path, what: str, error: OSError) -> None:
    notice(f"{what}: {shorten(lock, 120)} cannot be locked ({error.strerror}); see to it yourself that no other "
           "command does the same")  # fmt: skip
