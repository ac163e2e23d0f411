"""Train in several processes that torchrun's own launcher starts here, and end with all of them."""

import json
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import FrameType

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import RendezvousError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pvdbench.core.errors import ParamsError, PvdbenchError, shorten
from pvdbench.core.notice import notice
from pvdbench.io.atomic import replaced_file
from pvdbench.training.distributed import end_with_parent
from pvdbench.training.loop import SAME_STOP, TrainingError
from pvdbench.training.params import ProcessParams, Recipe

Command = Callable[[list[str]], None]
"""Trains as one of several processes, given the words of a command line."""

_CPP_LOG = "TORCH_CPP_LOG_LEVEL"


@dataclass(frozen=True)
class Launch:
    """One training by several processes.

    Attributes:
        title: of messages, and the name that machines find each other by.
        work: a function of a module, so that it can be sent to a process.
        words: its argument.
        log: where the traceback goes of what was not expected.
    """

    title: str
    processes: ProcessParams
    work: Command
    words: list[str]
    log: Path


def check_processes(where: str, recipe: Recipe, processes: ProcessParams) -> None:
    """Compare the processes with the batch that they share and, where there are cards, with these.

    Raises:
        ParamsError: if they do not fit.
    """
    if recipe.batch % processes.count:
        raise ParamsError(f"{where}: a batch of {recipe.batch} cannot be shared equally by {processes.count} processes "
                          "(nproc times nnodes); change `processes` or `batch`")  # fmt: skip
    if 0 < (cards := torch.cuda.device_count()) < processes.nproc > 1:
        raise ParamsError(f"{where}: processes: nproc: {processes.nproc} processes need as many graphics cards, and "
                          f"this machine has {cards}; lower nproc or take another machine")  # fmt: skip


def train_together(launch: Launch) -> None:
    """Run the work in all processes of this machine; one line says what went wrong in any of them.

    SIGTERM and SIGINT reach all of them, which stop after the same batch; a second one ends them at once. Killed, this
    process takes them with it (on Linux).

    Raises:
        TrainingError: if one of them fails, or they are told to stop.
        ParamsError: if the name of the machine where they meet is known nowhere.
    """
    processes, title = launch.processes, launch.title
    if processes.nnodes > 1:
        _look_up(title, processes.rendezvous or "")
        notice(f"{title}: waiting for {processes.nnodes} machines to meet at {processes.rendezvous}")
    with TemporaryDirectory(prefix="pvdbench-") as folder, _quiet(), _stops_passed_on(title) as stopped:
        try:
            elastic_launch(_config(launch, folder), _be_one)(os.getpid(), launch.work, launch.words)
        except ChildFailedError as failed:
            reason = _reason(Path(folder), failed, launch, stopped=bool(stopped))
        except (RendezvousError, OSError) as error:
            reason = (f"{title}: the machines did not meet at {processes.rendezvous or 'localhost'} "
                      f"({shorten(error, 80)}); start the command on all {processes.nnodes}, and name a HOST:PORT "
                      "that all reach")  # fmt: skip
        else:
            return
    raise TrainingError(reason)


def _look_up(title: str, rendezvous: str) -> None:
    """Refuse a name that is known nowhere, for which the launcher would look for minutes."""
    host, _, port = rendezvous.rpartition(":")
    try:
        socket.getaddrinfo(host.strip("[]"), int(port))
    except OSError as error:
        raise ParamsError(f"params.yaml: {title}: processes: rendezvous: no machine '{shorten(host, 60)}' is known "
                          f"here ({shorten(error, 60)}); correct it") from error  # fmt: skip


def _config(launch: Launch, folder: str) -> LaunchConfig:
    """As `torchrun --standalone` has it, or on several machines --rdzv-backend c10d; nothing is started twice."""
    processes, one = launch.processes, launch.processes.nnodes == 1
    others = range(1, processes.nproc)  # what they say the first one says, too
    return LaunchConfig(
        min_nodes=processes.nnodes,
        max_nodes=processes.nnodes,
        nproc_per_node=processes.nproc,
        run_id=launch.title.replace(" ", "-"),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0" if one else processes.rendezvous or "",
        local_addr="localhost" if one else None,  # else it asks for the machine's name, which may be known nowhere
        max_restarts=0,
        signals_to_handle="",  # none: it would kill after 30 seconds, and a batch may take longer
        logs_specs=DefaultLogsSpecs(log_dir=folder, redirects=dict.fromkeys(others, Std.ALL)),
    )


def _be_one(launcher: int, work: Command, words: list[str]) -> None:
    """Be one of the processes; the launcher records what is raised."""
    end_with_parent()
    if os.getppid() != launcher:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's; the launcher passes it on as SIGTERM
    try:
        work(words)
    except PvdbenchError as error:
        raise TrainingError(str(error)) from error


@contextmanager
def _stops_passed_on(title: str) -> Iterator[list[float]]:
    """Pass SIGTERM and SIGINT on to all processes, a second one as SIGKILL; yields when they came."""
    received: list[float] = []

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(perf_counter())
        at_once = received[-1] - received[0] > SAME_STOP
        if not (started := multiprocessing.active_children()):
            raise TrainingError(f"{title}: stopped before its processes began; the same command begins again")
        for process in started:
            process.kill() if at_once else process.terminate()

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the launcher's pages of log, whose errors are exceptions, and the warnings of its processes' C++."""
    before = os.environ.get(_CPP_LOG)
    logging.disable(logging.CRITICAL)
    os.environ.setdefault(_CPP_LOG, "ERROR")
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        if before is None:
            del os.environ[_CPP_LOG]


def _reason(folder: Path, failed: ChildFailedError, launch: Launch, *, stopped: bool) -> str:
    """Say in one line why it ended: by the first error that a user can mend, else by the first process that failed.

    Those that come after it may only have lost their connection to it.
    """
    recorded = [json.loads(path.read_bytes())["message"]
                for path in sorted(folder.rglob("error.json"), key=lambda path: path.stat().st_mtime_ns)]  # fmt: skip
    known = f"{TrainingError.__name__}: "
    for error in recorded:
        if error["message"].startswith(known):
            return str(error["message"].removeprefix(known))
    if stopped:
        return f"{launch.title}: stopped at once; the same command goes on from the last checkpoint, if there is one"
    rank, failure = failed.get_first_failure()
    which = f"{launch.title}: process {rank + 1} of {launch.processes.count}"
    if failure.exitcode < 0 or not recorded:
        how = failure.signal_name() if failure.exitcode < 0 else f"exit code {failure.exitcode}"
        return (f"{which} died ({how}); look for a lack of memory or a crash; the same command goes on from the last "
                "checkpoint, if there is one")  # fmt: skip
    with replaced_file(launch.log) as temporary:
        temporary.write_text(recorded[0]["extraInfo"]["py_callstack"], encoding="utf-8")
    return f"{which} failed ({shorten(recorded[0]['message'], 120)}); its traceback is in {launch.log}"
