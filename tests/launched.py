"""What processes do that pvdbench.training.launch starts in tests: fail, each in a way of its own."""

import os
import signal


def fail(words):
    """As the first word says; the process of rank 0 alone where it begins with a 0."""
    how, rank = words[0], os.environ["RANK"]
    if how.startswith("0") and rank != "0":
        signal.pause()
    if how.endswith("mendable"):
        from pvdbench.core.errors import DataError

        raise DataError(f"frame.png: damaged, says {rank}; fetch it again")
    if how.endswith("unexpected"):
        raise ZeroDivisionError("nobody thought of it")
    os.kill(os.getpid(), signal.SIGKILL)
