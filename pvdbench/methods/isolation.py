"""Run a method in a process of its own, so that one that hangs or dies stops nothing but itself."""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pvdbench.core.errors import MethodError, ParamsError, WeightsError
from pvdbench.methods.isolated_process import Progress, as_guard, as_worker
from pvdbench.methods.sandbox import Sandbox, bubblewrapped, python_in
from pvdbench.methods.surroundings import own_folder, started_from, telling_variables

_GRACE = 2.0  # seconds to end by itself
_KINDS = {kind.__name__: kind for kind in (ParamsError, WeightsError)}
"""Errors of its process that are not taken for the method's."""


class KilledError(MethodError):
    """A signal ended the method's process: its own crash, the kernel where memory is short, or somebody's kill."""


@dataclass(frozen=True)
class Place:
    """Where a method's process runs.

    Attributes:
        folder: its own.
        away: folders that it is not told of.
        box: the namespace that it is put into, if any.
    """

    folder: Path
    away: tuple[Path, ...] = ()
    box: Sandbox | None = None


def run_isolated(
    work: Callable[[Progress], Any], *, seconds: float, place: Place | None = None,
    take: Callable[[bytes], None] | None = None,
) -> Any:  # fmt: skip
    """Run a function in a process of its own and return its result, which is as JSON has it.

    All processes that it started end with it, however it ends, and with this one.

    Args:
        work: a function of a module, or functools.partial of one, so that it can be sent to a process.
        seconds: without progress after which it is stopped.
        place: where it runs; a temporary folder, if None.
        take: given the bytes of each sign of progress; work waits until it returns.

    Raises:
        ParamsError, WeightsError: if work raises one.
        KilledError: if a signal ends its process.
        MethodError: if work raises anything else, makes no progress, or its process ends by itself.
    """
    with ExitStack() as until_the_end:
        if place is None:
            place = Place(until_the_end.enter_context(own_folder()))
        context = multiprocessing.get_context("spawn" if place.box else _start_method())
        context.set_forkserver_preload(["torch"])
        ours, theirs = context.Pipe()
        variables = telling_variables(place.away)
        process = context.Process(  # type: ignore[attr-defined]  # of each context there is
            target=as_guard if sys.platform == "linux" else as_worker, args=(work, theirs, str(place.folder), variables)
        )
        if place.box:
            until_the_end.enter_context(python_in(bubblewrapped(place.box, place.folder)))
        _start(process, place.folder, variables)
        theirs.close()
        try:
            return _supervise(process, ours, seconds, take)
        finally:
            _end(process)


def _start_method() -> str:
    """Choose how to start: a fork is quickest, but where torch computes it may hang, so that a server forks instead."""
    if sys.platform != "linux":
        return "spawn"
    return "forkserver" if "torch" in sys.modules else "fork"


def _start(process: BaseProcess, folder: Path, variables: Mapping[str, str]) -> None:
    with started_from(folder, variables):
        process.start()


def _supervise(process: BaseProcess, channel: Connection, seconds: float, take: Callable[[bytes], None] | None) -> Any:
    while True:
        kind, content = _received(process, channel, seconds)
        if kind == b"r":
            return _parsed(content)
        if kind == b"e":
            said = _parsed(content)
            raise _KINDS.get(said["kind"], MethodError)(said["message"])
        if take is not None and content:
            take(content)
        with suppress(ConnectionError):  # it died: the next message says so
            channel.send_bytes(b"")


def _parsed(content: bytes) -> Any:
    """Read JSON; a method may have sent anything in its place."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise MethodError("the method's process sent no result that can be read; let it write to nothing but its own "
                          "files") from None  # fmt: skip


def _received(process: BaseProcess, channel: Connection, seconds: float) -> tuple[bytes, bytes]:
    """Wait for a message: its kind, one byte (progress, result, error), and its content."""
    try:
        if not channel.poll(seconds):
            raise MethodError(f"no frame came within {seconds:g} s; make the method faster, mend what it waits for, or "
                              "raise seconds_a_frame in method.yaml")  # fmt: skip
        message = channel.recv_bytes()
    except (EOFError, ConnectionError):
        process.join()
        kind = KilledError if (process.exitcode or 0) < 0 else MethodError
        raise kind(f"the method's process died ({_exit(process.exitcode)}); look for a crash or a lack of "
                   "memory") from None  # fmt: skip
    return message[:1], message[1:]


def _exit(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _end(process: BaseProcess) -> None:
    """Give it time to end by itself; its guard ends what is below it."""
    process.join(_GRACE)
    if process.is_alive():
        process.terminate()
        process.join(2 * _GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()
