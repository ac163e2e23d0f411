"""Run the driver with a mark in its environment, send signals to what runs below it, and find what is left of it."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faults.world import PATIENCE

MARK = "PVDBENCH_FAULTS_MARK"
_GRACE = 10.0  # seconds for what was killed to go away
_LOOK = 0.03  # seconds between two looks at /proc
ROLES = ("driver", "terminal", "worker", "training", "method")
"""Whom signals are sent to: the driver with its scheduler; all of its process group, as by Ctrl-C; one of its workers
and what serves them; a training; a method."""
_TRAINING, _OWN = ("pretrain", "train-"), "pvdbench-"


@dataclass(frozen=True)
class Process:
    """One process as /proc has it.

    Attributes:
        stage: whose log it prints to; empty for the driver and its workers.
        folder: name of the folder that it works in; a method's is a temporary one of its own.
    """

    pid: int
    parent: int
    words: str
    stage: str
    folder: str

    def __str__(self):
        return f"{self.stage or 'no stage'}: {self.words[:100]}"


@dataclass
class Command:
    """A running command, whose processes and theirs bear its mark."""

    popen: subprocess.Popen
    mark: str
    said: Path

    @classmethod
    def start(cls, words, cwd, environment, said):
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        with said.open("wb") as file:
            popen = subprocess.Popen(list(words), cwd=cwd, env=environment | {MARK: mark}, stdin=subprocess.DEVNULL,
                                     stdout=file, stderr=file, start_new_session=True)  # fmt: skip
        return cls(popen, mark, said)

    def end(self):
        """Wait for its end.

        Returns: its exit code, or the negative number of the signal that ended it; None if it hangs.
        """
        with suppress(subprocess.TimeoutExpired):
            return self.popen.wait(PATIENCE)
        for process in marked(self.mark):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self.popen.wait()
        return None

    def running(self, role):
        """The processes of a role now, in the order of their numbers; the terminal's foremost is the driver."""
        found = marked(self.mark)
        if role == "stage":
            return [process for process in found if process.stage]
        wanted = "driver" if role == "terminal" else role
        return [process for process in found if self._role(process) == wanted]

    def _role(self, process):
        if process.pid == self.popen.pid:
            return "driver"
        if not process.stage:
            return "worker"
        if process.stage.startswith(_TRAINING):
            return "training"
        return "method" if process.folder.startswith(_OWN) else "other"

    def send(self, role, number, wait, pick, since=None):
        """Send a signal to a process of a role, some seconds after one was first seen; to the next one, if it ended.

        Args:
            pick: chooses one of several.
            since: a role whose first process is waited for in its place, such as "stage" for any.

        Returns: to what it was sent, empty if the command ended before.
        """
        while self.popen.poll() is None and not self.running(since or role):
            time.sleep(_LOOK)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(wait)
        while self.popen.poll() is None:
            if found := self.running(role):
                process = pick(found)
                with suppress(ProcessLookupError):
                    (os.killpg if role == "terminal" else os.kill)(process.pid, number)
                    return str(process)
            time.sleep(_LOOK)
        return ""


def marked(mark):
    """The processes that have the mark in their environment; those that ended and wait for their parent have none."""
    found, wanted = [], f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                found.append(Process(int(folder.name), parent, words, _stage(folder), (folder / "cwd").readlink().name))
    return sorted(found, key=lambda process: process.pid)


def left_behind(mark, but=()):
    """The processes with the mark that are there after a time of grace; they are killed."""
    end = time.monotonic() + _GRACE
    while (found := [process for process in marked(mark) if process.pid not in but]) and time.monotonic() < end:
        time.sleep(_LOOK)
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    return found


def _stage(folder):
    """The stage whose log a process prints to, as `study run` keeps one for each."""
    with suppress(OSError):
        printed = (folder / "fd" / "1").readlink()
        return printed.stem if printed.parent.name == "stages" else ""
    return ""
