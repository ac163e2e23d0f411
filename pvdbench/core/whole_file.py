"""Open ordinary files of bounded size and nothing else: no folder, no pipe that never ends, no device."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

LARGEST = 1 << 24
"""Bytes of a file of text that is read at once; the largest of the paper's study has 3 million."""


def open_file(path: Path) -> BufferedReader:
    """Open an ordinary file for reading.

    Raises:
        FileNotFoundError: if nothing is there.
        OSError: for all else that is in the way, with the reason: a folder, a pipe, a device, a loop of links, no
            permission, a name that no file can have.
    """
    try:
        file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")  # noqa: PTH123, SIM115  # the caller closes it
    except IsADirectoryError:
        raise
    except ValueError as error:  # NUL, or half a character, in its name
        raise OSError(errno.EINVAL, "no file can have this name") from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise OSError(errno.EINVAL, _NO_FILE) from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, _NO_FILE)
    return file


_NO_FILE = "it is no ordinary file but a folder, a pipe or a device"


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """Read an ordinary file whole.

    Args:
        most: bytes that it may have.

    Raises:
        FileNotFoundError: if nothing is there.
        OSError: with the reason, as open_file, or if the file is larger.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(min(size, most) + 1)  # as much memory is asked for as it says, whatever is there
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return content


def read_text(path: Path, most: int = LARGEST) -> str:
    """Read an ordinary file of UTF-8 whole, with or without a byte order mark.

    Raises:
        FileNotFoundError: if nothing is there.
        OSError: with the reason, as read_bytes.
        UnicodeDecodeError: if it is no UTF-8.
    """
    return read_bytes(path, most).decode("utf-8-sig")
