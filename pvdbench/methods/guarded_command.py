"""Run a whole command below a guard, so that nothing that it started outlives it, however it ends (on Linux).

It becomes three processes. The front keeps the number that the shell knows, passes signals on to the worker and ends as
it does; the guard ends what is left when either of the two is gone; the worker, in the shell's process group, works.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pvdbench.methods.process_tree import adopt_orphans, die_with_parent, exit_like, kill_children

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_TOGETHER = 0.1  # seconds within which a signal that front and worker got was sent to their group, as by Ctrl-C


def run_guarded(work: Callable[[], None], *, idle: bool = False) -> None:
    """Run the work of a command in a process below a guard; in the worker this returns as the work does.

    Where it would do harm the work is done here, without a guard: in a process that has other threads, or streams that
    are not its own, as a command has that is called as a function.

    Args:
        idle: whether PyTorch, if it was imported, has not computed yet, so that a fork does no harm.
    """
    if not _is_a_command(idle=idle):
        work()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    adopt_orphans()
    before, woken = _listen(_PASSED_ON)
    heard, hears = _pipe()
    front_lives, lives = os.pipe()
    number, worker_is = os.pipe()
    if not (guard := os.fork()):
        os.close(lives)
        _guard(front_lives, worker_is)  # which returns in the worker alone
        for one, handler in before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(hears, warn_on_full_buffer=False)
        work()
        return
    os.close(worker_is)
    os.close(hears)
    worker = int(os.read(number, 20) or 0)
    exit_like(_as_front(guard, worker, woken, heard))


def _is_a_command(*, idle: bool) -> bool:
    own = sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__
    harmless = threading.active_count() == 1 and (idle or "torch" not in sys.modules)
    return sys.platform == "linux" and own and harmless


def _listen(numbers: tuple[int, ...]) -> tuple[Mapping[int, Any], int]:
    """Do nothing on these signals but write them to a pipe; those that are ignored stay so, as below nohup.

    Returns: the handlers before, and the pipe's end to read from.
    """
    woken, wakes = _pipe()
    heeded = [number for number in (*numbers, signal.SIGCHLD) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: None) for number in {*heeded, signal.SIGCHLD}}
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    return before, woken


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _as_front(guard: int, worker: int, woken: int, heard: int) -> int:
    """Pass signals on until the guard has ended; whatever it has left, if it was killed, is ended here.

    Returns: as exit_like has it.
    """
    had: dict[int, float] = {}  # when the worker last had a signal
    while (ended := os.waitpid(guard, os.WNOHANG))[0] == 0:
        ready, _, _ = select.select([woken, heard], [], [], None)
        for number in _read(woken) if woken in ready else ():
            if number != signal.SIGCHLD:
                time.sleep(_TOGETHER / 2)
                had |= dict.fromkeys(_read(heard), time.monotonic())
                if worker and time.monotonic() - had.get(number, -_TOGETHER) >= _TOGETHER:
                    with suppress(ProcessLookupError):
                        os.kill(worker, number)
        had |= dict.fromkeys(_read(heard), time.monotonic())
    kill_children()
    return os.waitstatus_to_exitcode(ended[1])


def _read(pipe: int) -> Iterator[int]:
    """List the signals that a pipe of _listen holds."""
    with suppress(BlockingIOError):
        yield from os.read(pipe, 512)


def _guard(front_lives: int, worker_is: int) -> None:
    """Fork the worker, in which this returns; here wait until it or the front has ended, and end what is left."""
    guard = os.getpid()
    adopt_orphans()
    _, woken = _listen(_PASSED_ON)
    if not (worker := os.fork()):
        die_with_parent(parent=guard)
        return
    os.setpgid(0, 0)  # what kills the shell's group leaves the guard
    os.write(worker_is, str(worker).encode())
    code = _ended(worker, woken, front_lives)
    kill_children()
    exit_like(code)


def _ended(worker: int, woken: int, front_lives: int) -> int:
    """Wait until the worker or the front has ended: how, as exit_like has it."""
    while True:
        ready, _, _ = select.select([woken, front_lives], [], [])
        list(_read(woken))
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            if child[0] == worker:
                return os.waitstatus_to_exitcode(child[1])
        if front_lives in ready:
            return -signal.SIGKILL
