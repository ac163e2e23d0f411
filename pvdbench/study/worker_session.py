"""What a worker on this machine does first: leave the terminal, so that Ctrl-C reaches `study run` alone; warm up."""

import os
import signal
from typing import Any

from pvdbench.study.stage_work import warm_up


def dask_setup(worker: Any) -> None:  # noqa: ARG001
    """Begin a session, and import ahead what stages need.

    No SIGINT is heeded, which ends a worker with none in its place: a run would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getsid(0) != os.getpid():
        os.setsid()
    warm_up()
