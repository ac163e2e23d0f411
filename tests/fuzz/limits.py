"""Run a reader as a user's machine would want it: in seconds of computing and bounded memory."""

import contextlib
import os
import resource
import signal
from pathlib import Path

from pvdbench.core.errors import LONGEST, PvdbenchError

SECONDS = float(os.environ.get("PVDBENCH_FUZZ_SECONDS", "10"))  # `make fuzz` asks for 2; beside other tests all is slow
MEMORY = 1 << 30  # bytes above what the process has
_HANGS = 120  # seconds by the clock: a reader that waits computes nothing


class Exceeded(BaseException):
    """A reader took too long; no `except Exception` of the reader's takes it."""


def _stop(number, frame):
    raise Exceeded(f"more than {SECONDS} s of computing, or {_HANGS} s of waiting")


@contextlib.contextmanager
def limited():
    """Within it, computing, waiting and the memory that can be had are limited."""
    before = [signal.signal(number, _stop) for number in (signal.SIGPROF, signal.SIGALRM)]
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(_HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def reads_or_refuses(read, path):
    """Read within the limits; whatever is raised must be one line that names the file and says what to do."""
    try:
        with limited():
            read(path)
    except PvdbenchError as error:
        text = str(error)
        assert "\n" not in text and len(text) <= LONGEST and text.isprintable(), text
        assert "; " in text or ": " in text, f"what to do? {text}"
        assert not _out_of_memory(error), f"it asked for more than {MEMORY} bytes: {text}"
        return text
    return ""


def _out_of_memory(error):
    while error:
        if isinstance(error, MemoryError):  # PyTorch's own refusal is at once, and nothing was touched
            return True
        error = error.__cause__ or error.__context__
    return False
