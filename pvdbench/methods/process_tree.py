"""End a program together with every process below it, also those in sessions of their own (on Linux).

Nothing but the standard library is imported: command.py runs this file as a program that guards another one.
"""

import ctypes
import faulthandler
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
_LONGEST_WAIT = 5.0  # seconds for killed processes to go away
_NOT_FOUND = 127  # as a shell has it


def become_guard(end: Callable[[int], object]) -> None:
    """Make this process the parent of all orphans below it, in a group of its own, and have its parent's death end it.

    Orphans are adopted on Linux alone; elsewhere what leaves its process group is not found.

    Args:
        end: ends what is below and this process, given an exit code; it must not return. (Were SIGTERM an exception, it
            could come while the end is under way, and stop that.)
    """
    with suppress(PermissionError):  # it leads a session, and so a group, already
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, lambda *_: end(128 + signal.SIGTERM))
    adopt_orphans()
    die_with_parent(signal.SIGTERM)


def adopt_orphans() -> None:
    """Make this process the parent of whatever below it loses its own."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Have the kernel send this process a signal when its parent dies.

    Args:
        parent: its number; if that one is dead already, this process ends here.
    """
    _prctl(_SET_PDEATHSIG, number)
    if sys.platform == "linux" and parent not in (None, os.getppid()):
        os._exit(128 + number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def kill_children() -> None:
    """Kill every process below this one, which is a guard; a killed one's children become ours and are killed next."""
    end = time.monotonic() + _LONGEST_WAIT
    while (children := _children()) and time.monotonic() < end:
        for pid in children:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def _children() -> list[int]:
    """List the processes whose parent this one is, as /proc has them; none where there is no /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(stat.parent.name))
    return found


def guarded(arguments: Sequence[str]) -> list[str]:
    """Build the command line that runs a program under a guard; terminating the guard ends the program's whole tree."""
    return [sys.executable, "-I", "-S", __file__, *arguments]


def exit_like(code: int) -> None:
    """End this process as another one ended.

    Args:
        code: an exit code, or the negative number of the signal that killed it.
    """
    if code < 0:
        faulthandler.disable()  # the other process has said where it crashed
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _run(arguments: Sequence[str], guards: int = 2) -> None:
    """Run a program below guards, one below the other, so that what is left of one that is killed has another."""
    become_guard(_end)
    try:
        code = _below_one_more(arguments, guards - 1) if guards > 1 else subprocess.Popen(arguments).wait()
    except OSError as error:
        print(f"{arguments[0]}: {error.strerror}", file=sys.stderr)
        code = _NOT_FOUND
    _end(code)


def _end(code: int) -> None:
    sys.stderr.flush()
    kill_children()
    exit_like(code)


def _below_one_more(arguments: Sequence[str], guards: int) -> int:
    guard = os.fork()
    if not guard:
        _run(arguments, guards)
    return os.waitstatus_to_exitcode(os.waitpid(guard, 0)[1])


if __name__ == "__main__":
    _run(sys.argv[1:])
