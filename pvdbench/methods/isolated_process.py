"""The method's side of its isolation: a guard that ends what is left, and below it the process that does the work."""

import json
import multiprocessing
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import connection
from typing import Any, Protocol

from pvdbench.core.errors import PvdbenchError
from pvdbench.methods.faults import what_it_raised
from pvdbench.methods.process_tree import become_guard, die_with_parent, exit_like, kill_children
from pvdbench.methods.surroundings import settle

_LOOK = 0.5  # seconds: a child of the worker may hold what says that the worker has ended


class Progress(Protocol):
    """To be called whenever there is progress, such as after every frame; it returns when the bytes were taken."""

    def __call__(self, values: bytes = b"", /) -> None: ...


def as_guard(
    work: Callable[[Progress], Any], channel: connection.Connection, folder: str, variables: Mapping[str, str],
    guards: int = 2,
) -> None:  # fmt: skip
    """In the new process: do the work in one more, so that this one outlives a crash and ends what is left.

    Args:
        guards: how many, one below the other; what is left of one that is killed falls to the other.
    """
    command = multiprocessing.parent_process()
    gone = [] if command is None else [command.sentinel]  # a command that was killed takes its method along

    def end(code: int) -> None:
        kill_children()
        if connection.wait(gone, 0):
            shutil.rmtree(folder, ignore_errors=True)  # nobody else is left to do it
        exit_like(code)

    become_guard(end)
    settle(folder, variables)
    told, below = (work, channel, folder, variables), as_worker if guards == 1 else as_guard
    worker = multiprocessing.get_context("fork").Process(target=below, args=(*told, *([guards - 1] * (guards > 1))))
    code = 1
    try:
        worker.start()
        channel.close()
        while worker.is_alive() and not set(gone) & {*connection.wait([worker.sentinel, *gone], _LOOK)}:
            pass
        code = worker.exitcode or 0
    finally:
        end(code)


def as_worker(
    work: Callable[[Progress], Any], channel: connection.Connection, folder: str, variables: Mapping[str, str]
) -> None:
    """In the method's process: nothing but JSON and bytes goes back, which run no code where they are read."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    guard = multiprocessing.parent_process()
    die_with_parent(parent=guard.pid if guard else None)
    settle(folder, variables)

    def progress(values: bytes = b"", /) -> None:
        channel.send_bytes(b"p" + values)
        channel.recv_bytes()  # nothing else computes while a frame is timed

    try:
        message = b"r" + json.dumps(work(progress)).encode()
    except PvdbenchError as error:
        message = _error(type(error).__name__, Exception.__str__(error), folder)
    except BaseException as error:  # an exit, too, would look as if it had ended well
        message = _error("MethodError", what_it_raised(error, folder), folder)
    with suppress(ConnectionError):  # nobody is there any more
        channel.send_bytes(message)


def _error(kind: str, message: str, folder: str) -> bytes:
    return b"e" + json.dumps({"kind": kind, "message": message.replace(f"{folder}/", "")}).encode()
