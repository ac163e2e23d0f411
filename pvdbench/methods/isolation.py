"""Run a method in a process of its own, so that one that hangs or dies stops nothing but itself."""

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

from pvdbench.core.errors import MethodError, PvdbenchError, shorten
from pvdbench.methods.process_tree import become_guard, exit_like, kill_children

Progress = Callable[[], None]
"""To be called whenever there is progress, such as after every frame."""

_GRACE = 2.0  # seconds to end by itself
_MESSAGE = 200  # characters of a method's own error message


def run_isolated(work: Callable[[Progress], Any], *, seconds: float) -> Any:
    """Run a function in a process of its own and return its result.

    All processes that it started end with it, and its temporary files go away, however it ends.

    Args:
        work: a function of a module, or functools.partial of one, so that it can be sent to a process.
        seconds: without progress after which it is stopped.

    Raises:
        PvdbenchError: the kind that work raised.
        MethodError: if work raises anything else, makes no progress, or its process dies.
    """
    with tempfile.TemporaryDirectory(prefix="pvdbench-", ignore_cleanup_errors=True) as folder:
        return _supervise(work, seconds, folder)


def _supervise(work: Callable[[Progress], Any], seconds: float, folder: str) -> Any:
    context = multiprocessing.get_context(_start_method())
    context.set_forkserver_preload(["torch"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(  # type: ignore[attr-defined]  # of each context there is
        target=_guard if sys.platform == "linux" else _run, args=(work, theirs, folder)
    )
    process.start()
    theirs.close()
    try:
        while True:
            if not ours.poll(seconds):
                raise MethodError(f"no frame came within {seconds:g} s; make the method faster, mend what it waits "
                                  "for, or raise seconds_a_frame in method.yaml")  # fmt: skip
            kind, value = ours.recv()
            if kind == "result":
                return value
            if kind == "error":
                raise value
    except EOFError:
        process.join()
        raise MethodError(f"the method's process died ({_exit(process.exitcode)}); look for a crash or a lack of "
                          "memory") from None  # fmt: skip
    finally:
        _end(process)


def _start_method() -> str:
    """Choose how to start: a fork is quickest, but where torch computes it may hang, so that a server forks instead."""
    if sys.platform != "linux":
        return "spawn"
    return "forkserver" if "torch" in sys.modules else "fork"


def _guard(work: Callable[[Progress], Any], channel: Connection, folder: str) -> None:
    """In the new process: run work in one more, so that this one outlives a crash and ends what is left."""
    os.setpgid(0, 0)
    become_guard()
    worker = multiprocessing.get_context("fork").Process(target=_run, args=(work, channel, folder))
    code = 1
    try:
        worker.start()
        channel.close()
        worker.join()
        code = worker.exitcode or 0
    finally:
        kill_children()
        exit_like(code)


def _run(work: Callable[[Progress], Any], channel: Connection, folder: str) -> None:
    """In the method's process; a pipe without reader ends it at the next sign of progress."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    try:
        channel.send(("result", work(lambda: channel.send(("progress", None)))))
    except PvdbenchError as error:
        channel.send(("error", error))
    except Exception as error:
        channel.send(("error", MethodError(_in_one_line(error, folder))))


def _in_one_line(error: Exception, folder: str) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = shorten(str(error).replace(f"{folder}/", ""), _MESSAGE)  # the folder has another name each time
    where = f"{Path(last.filename).name}, line {last.lineno}"
    return f"the method raised {type(error).__name__}: {said} ({where}); mend it"


def _exit(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _end(process: multiprocessing.process.BaseProcess) -> None:
    """Give it time to end by itself; its guard ends what is below it."""
    process.join(_GRACE)
    if process.is_alive():
        process.terminate()
        process.join(2 * _GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()
