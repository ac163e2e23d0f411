"""Running a method in a process of its own, so that one that hangs or dies stops nothing but itself."""

import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pvdbench.core.errors import MethodError, PvdbenchError

Beat = Callable[[], None]
"""To be called whenever there is progress."""

_GRACE = 2.0  # seconds to end by itself


def run_watched(work: Callable[[Beat], Any], *, seconds: float) -> Any:
    """What work returns; it is stopped when it calls its beat more than so many seconds apart.

    Its temporary files lie in a folder that goes away with it, however it ends.

    Args:
        work: a function of a module, or functools.partial of one, so that it can be sent to a process.
        seconds: without a sign of life.

    Raises:
        PvdbenchError: the kind that work raised.
        MethodError: if work raises anything else, hangs, or its process dies.
    """
    with tempfile.TemporaryDirectory(prefix="pvdbench-", ignore_cleanup_errors=True) as place:
        return _watch(work, seconds, place)


def _watch(work: Callable[[Beat], Any], seconds: float, place: str) -> Any:
    context = multiprocessing.get_context(_start_method())
    context.set_forkserver_preload(["torch"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(  # type: ignore[attr-defined]  # of each context there is
        target=_run, args=(work, theirs, place)
    )
    process.start()
    theirs.close()
    try:
        while True:
            if not ours.poll(seconds):
                raise MethodError(f"expected a frame within {seconds:g} s, got none; make the method faster, mend what "
                                  "it waits for, or raise seconds_a_frame in method.yaml")  # fmt: skip
            kind, value = ours.recv()
            if kind == "result":
                return value
            if kind == "error":
                raise value
    except EOFError:
        process.join()
        raise MethodError(f"expected the method to run to its end, its process died ({_exit(process.exitcode)}); "
                          "look for a crash or a lack of memory") from None  # fmt: skip
    finally:
        _end(process)


def _start_method() -> str:
    """Forking is quickest, but a fork of a process in which torch computes may hang: then one that only imported it."""
    if sys.platform != "linux":
        return "spawn"
    return "forkserver" if "torch" in sys.modules else "fork"


def _run(work: Callable[[Beat], Any], channel: Connection, place: str) -> None:
    """In the new process; a pipe without reader ends it at the next beat."""
    os.setpgid(0, 0)
    tempfile.tempdir = os.environ["TMPDIR"] = place
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends, too
    try:
        channel.send(("result", work(lambda: channel.send(("beat", None)))))
    except PvdbenchError as error:
        channel.send(("error", error))
    except Exception as error:
        channel.send(("error", MethodError(_in_one_line(error))))


def _in_one_line(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return (
        f"expected no error, got {type(error).__name__}: {said} ({Path(last.filename).name}, line {last.lineno}); "
        "mend the method"
    )


def _exit(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _end(process: multiprocessing.process.BaseProcess) -> None:
    """Whatever it started ends with it."""
    process.join(_GRACE)
    if process.is_alive():
        process.terminate()
        process.join(_GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()
