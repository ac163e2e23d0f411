"""Run the driver or a command with a mark in its environment, send signals to what runs below it, and find what is left."""

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
ROLES = ("driver", "worker", "training", "method")
"""Whom signals are sent to; a scheduler lives in its driver."""


@dataclass(frozen=True)
class Process:
    """One process as /proc has it."""

    pid: int
    parent: int
    words: str


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
        """The processes of a role, the driver's descendants in the order of their numbers."""
        found = marked(self.mark)
        if role == "driver":
            return [process for process in found if process.pid == self.popen.pid]
        if role == "training":
            return [process for process in found if "pvdbench train" in process.words]
        stages = {process.pid for process in found if "pvdbench " in process.words}
        infer = {process.pid for process in found if "pvdbench infer" in process.words}
        if role == "method":
            return [process for process in found if process.parent in infer | _below(found, infer)]
        inside = stages | _below(found, stages) | {self.popen.pid}
        return [process for process in found if process.pid not in inside]

    def send(self, role, number, wait, pick):
        """Send a signal to a process of a role, some seconds after the first one was seen; the next one, if it ended.

        Args:
            pick: chooses one of several.

        Returns: to what it was sent, empty if the command ended before.
        """
        while self.popen.poll() is None and not self.running(role):
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(wait)
        while self.popen.poll() is None:
            if found := self.running(role):
                process = pick(found)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)
                    return process.words or "?"
            time.sleep(0.005)
        return ""


def marked(mark):
    """The processes that have the mark in their environment; those that ended and wait for their parent have none."""
    found, wanted = [], f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                found.append(Process(int(folder.name), parent, words))
    return sorted(found, key=lambda process: process.pid)


def left_behind(mark, but=()):
    """The processes with the mark that are there after a time of grace; they are killed."""
    end = time.monotonic() + _GRACE
    while (found := [process for process in marked(mark) if process.pid not in but]) and time.monotonic() < end:
        time.sleep(0.02)
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    return found


def _below(found, roots):
    """The numbers of all processes below some."""
    below = set()
    while more := {process.pid for process in found if process.parent in roots | below} - below:
        below |= more
    return below
