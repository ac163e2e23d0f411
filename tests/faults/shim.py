"""The shim (shim.c): built once, told by a mapped file which operation of which folders fails, and how."""

import errno
import mmap
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")
KILL = 0
"""In place of an errno: the process is killed in the middle of the operation."""
WAYS = {"ENOSPC": (errno.ENOSPC, True), "EIO": (errno.EIO, False), "SIGKILL": (KILL, False)}
"""How an operation fails, and whether all that follow do, too: a full disk stays full."""
_LAYOUT = struct.Struct("5q2048s2048s")


def build(folder):
    """Compile the shim; skip the test, with the reason, where that cannot be done or no process starts with it."""
    compiler, library = shutil.which("cc"), folder / "shim.so"
    if compiler is None:
        pytest.skip("no C compiler (cc) here, which the shim is built by")
    words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"cc does not build the shim: {built.stderr.strip().splitlines()[-1]}")
    loads = subprocess.run(["true"], env={"LD_PRELOAD": str(library)}, capture_output=True, text=True, check=False)
    if loads.returncode or loads.stderr:
        pytest.skip(f"libc does not load the shim: {loads.stderr.strip()}")
    return library


class Shim:
    """One control file; the processes that are started with `environment` follow it."""

    def __init__(self, library, control):
        control.write_bytes(bytes(_LAYOUT.size))
        self.environment = {"LD_PRELOAD": str(library), "FAULT_CONTROL": str(control)}
        with control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size)

    def arm(self, places=(), *, at=0, way="EIO", clock=0):
        """Have operation `at` fail of those on these folders, all below them, these files and their temporary names.

        0 only counts.
        """
        named = "".join(f"{place}{'/' if place.is_dir() else ''}\n" for place in map(Path.resolve, places))
        error, lasts = WAYS[way]
        self._map[:] = _LAYOUT.pack(0, at, error, lasts, clock, named.encode(), b"")

    def set_clock(self, seconds):
        """Shift the time of day of all processes, also of those that run."""
        self._map[32:40] = struct.pack("q", seconds)

    @property
    def seen(self):
        """Operations since it was armed."""
        return struct.unpack("q", self._map[:8])[0]

    @property
    def failed(self):
        """The operation that failed, with its path; empty if none did."""
        return _LAYOUT.unpack(self._map[:])[6].rstrip(b"\0").decode(errors="replace")
