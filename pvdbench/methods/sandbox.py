"""A namespace for a method's process, by bubblewrap: no network, nothing to write to but its folder, no data set."""

import multiprocessing
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker, spawn
from pathlib import Path

import pvdbench
from pvdbench.core.errors import StudyError, shorten
from pvdbench.methods.surroundings import own_folder

_DEVICES = ("nvidia*", "kfd", "dri")
"""In /dev: what graphics cards need."""


@dataclass(frozen=True)
class Sandbox:
    """What is shown empty, and what is shown all the same though it lies in there; all else can only be read.

    Attributes:
        hidden: folders that hold frames, of the data set or of other rows.
        needed: folders that hold code.
    """

    hidden: tuple[Path, ...]
    needed: tuple[Path, ...]


def require_bubblewrap() -> None:
    """Refuse to go on where there is no bubblewrap, or where it may not make a namespace.

    Raises:
        StudyError: saying what to install or to allow.
    """
    if shutil.which("bwrap") is None:
        raise StudyError("isolation: sandbox: this needs the program bwrap, on Linux: `apt install bubblewrap`; or "
                         "write isolation: process")  # fmt: skip
    tried = subprocess.run([*_BASE, "true"], capture_output=True, encoding="utf-8", errors="replace", check=False)
    if tried.returncode:
        raise StudyError(f"isolation: sandbox: bwrap cannot make a namespace here ({shorten(tried.stderr, 120)}); "
                         "allow user namespaces, or write isolation: process")  # fmt: skip


_BASE = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid",
         "--unshare-ipc", "--new-session", "--die-with-parent")  # fmt: skip


def bubblewrapped(box: Sandbox, folder: Path) -> list[str]:
    """Build the words that go before a program so that it runs in the sandbox.

    Args:
        folder: its own, the only one that it may write to.
    """
    code = (Path(sys.prefix), Path(sys.base_prefix), Path(pvdbench.__file__).parent, *box.needed)
    words = list(_BASE)
    for hidden in sorted({path.resolve() for path in box.hidden}):  # a folder before those in it
        words += ["--tmpfs", str(hidden)]
    inside = {path.absolute() for path in code if any(_holds(hidden, path) for hidden in box.hidden)}
    for needed in sorted(inside):
        words += ["--ro-bind", str(needed), str(needed)]
    for hidden in sorted({path.resolve() for path in box.hidden if any(_holds(code, path) for code in inside)}):
        words += ["--tmpfs", str(hidden)]  # the data set in a folder of code
    for device in (device for names in _DEVICES for device in Path("/dev").glob(names)):
        words += ["--dev-bind", str(device), str(device)]
    words += ["--bind", str(folder), str(folder)]
    for hidden in sorted({path.resolve() for path in box.hidden}):
        words += ["--remount-ro", str(hidden)]
    return [*words, "--chdir", str(folder)]


def _holds(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


@contextmanager
def python_in(words: Sequence[str]) -> Iterator[None]:
    """Within the block, multiprocessing's way of `spawn` starts its Pythons after these words."""
    resource_tracker.ensure_running()  # outside, as it is there for all
    before = spawn.get_executable()
    with own_folder() as place:
        script = place / "python"
        script.write_text(f'#!/bin/sh\nexec {shlex.join([*words, sys.executable])} "$@"\n', encoding="utf-8")
        script.chmod(0o700)
        multiprocessing.set_executable(str(script))
        try:
            yield
        finally:
            multiprocessing.set_executable(before)
