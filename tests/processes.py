"""Processes as /proc has them: who is below whom, and whether somebody is gone."""

import os
import signal
import time
from pathlib import Path


def parents():
    """The parent of each process that runs; a killed one that nobody has waited for yet is gone."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            found[int(stat.parent.name)] = int(parent)
    return found


def below(process):
    """Every process below one, each after its parent."""
    known, found = parents(), [process]
    for above in found:
        found += [child for child, parent in known.items() if parent == above]
    return found[1:]


def all_gone(processes, seconds=10):
    """Whether all end soon; those that do not are killed, and listed."""
    end = time.monotonic() + seconds
    while (left := set(processes) & parents().keys()) and time.monotonic() < end:
        time.sleep(0.01)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return not left


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return value
