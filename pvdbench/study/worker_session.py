"""What a worker on this machine does first: leave the terminal, so that Ctrl-C reaches `study run` alone."""

import os
from typing import Any


def dask_setup(worker: Any) -> None:  # noqa: ARG001
    """Begin a session; a worker that a signal ended would leave its stages waiting for ever."""
    if os.getsid(0) != os.getpid():
        os.setsid()
