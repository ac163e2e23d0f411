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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
_LONGEST_WAIT = 5.0  # seconds for killed processes to go away
_NOT_FOUND = 127  # as a shell has it


def become_guard() -> None:
    """Make this process the parent of all orphans below it, and have SIGTERM or its own parent's death end it.

    Orphans are adopted on Linux alone; elsewhere what leaves its process group is not found.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        prctl(_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


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


def _run(arguments: Sequence[str]) -> None:
    become_guard()
    code = 128 + signal.SIGTERM
    try:
        code = subprocess.Popen(arguments).wait()
    except OSError as error:
        print(f"{arguments[0]}: {error.strerror}", file=sys.stderr)
        code = _NOT_FOUND
    finally:
        sys.stderr.flush()
        kill_children()
        exit_like(code)


if __name__ == "__main__":
    _run(sys.argv[1:])
