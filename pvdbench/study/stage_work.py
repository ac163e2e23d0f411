"""A stage's commands as a worker runs them: each in a process of its own, forked from one that has imported torch."""

import multiprocessing
import os
import runpy
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, forkserver
from pathlib import Path

from pvdbench.methods.guarded_command import run_guarded
from pvdbench.methods.process_tree import guarded

_PRELOADED = ["torch", "pandas", "skimage.metrics", "pvdbench.cli.main", "pvdbench.training.deblur",
              "pvdbench.inference.runner", "pvdbench.scoring.deblur", "pvdbench.study.code_records"]  # fmt: skip
"""What most stages import first; names, as each stage imports what it needs itself."""
_LAST_WORDS = 25.0  # seconds for a batch and a checkpoint, less than SLURM gives a job that ends

_running: dict[int, str] = {}
"""The processes of this worker's stages, and for which run of a study."""

_stopped: set[str] = set()
"""Runs that were stopped, none of whose stages begins any more."""


@dataclass(frozen=True)
class StageWork:
    """What a worker needs to know of a stage; it sees the same files.

    Attributes:
        run: the run of the study, a name of its own.
        name: of the stage.
        commands: as dvc.yaml has them, run one after the other until one fails.
        folder: where they run.
        environment: variables added to the worker's own.
        log: file for what they print.
        files: in the largest folder that it reads.
        shared: whether its clips are dealt over all workers, so that this one is free for others meanwhile.
    """

    run: str
    name: str
    commands: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    log: Path
    files: int = 0
    shared: bool = False


@dataclass(frozen=True)
class Ended:
    """How a stage's commands ended.

    Attributes:
        code: the exit code of the last one; negative: the signal that ended it.
        seconds: that they took.
        worker: name of the machine.
    """

    code: int
    seconds: float
    worker: str = ""


def run_stage(work: StageWork) -> Ended:
    """Run a stage's commands here, on the worker."""
    start, code = time.monotonic(), 0
    if work.shared:
        from distributed import secede  # here, as a study with nothing to do needs no Dask

        secede()  # type: ignore[no-untyped-call]  # else its own clips would wait for it to end
    work.log.parent.mkdir(parents=True, exist_ok=True)
    work.log.write_bytes(b"")
    for command in work.commands:
        if work.run in _stopped:
            code = -signal.SIGTERM
            break
        words = shlex.split(command)
        own = words[0] == "pvdbench" and shlex.join(words) == command  # else the shell has something to say
        code = _run_warm(words, work) if own else _run_by_shell(command, work)
        if code:
            break
    return Ended(code, time.monotonic() - start, os.uname().nodename)


def stop_stages(run: str, number: int) -> None:
    """Send a signal to each command of a run on this worker; none of it begins any more."""
    _stopped.add(run)
    for pid in [pid for pid, of in _running.items() if of == run]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def warm_up() -> None:
    """Start the process that commands are forked from, which imports what they need while the worker goes on."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()


def _run_warm(words: Sequence[str], work: StageWork) -> int:
    """Run a command of pvdbench in a process that is forked from one which has imported what it needs."""
    if multiprocessing.current_process().daemon:  # a foreign worker's setting: it may have no such children
        return _run_by_shell(shlex.join([sys.executable, "-m", *words]), work)
    warm_up()
    process = multiprocessing.get_context("forkserver").Process(target=_as_command, args=(tuple(words), work))
    process.start()
    assert process.pid is not None

    def wait() -> int:
        process.join()
        return process.exitcode or 0

    return _waited(work.run, process.pid, wait)


def _run_by_shell(command: str, work: StageWork) -> int:
    """Run any other command as DVC does, and end all that it started with it."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    with work.log.open("ab") as log:
        process = subprocess.Popen(
            guarded([shell, "-c", command]), cwd=work.folder, env=os.environ | work.environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)  # fmt: skip
    return _waited(work.run, process.pid, process.wait)


def _waited(run: str, pid: int, wait: Callable[[], int]) -> int:
    _running[pid] = run
    try:
        if run in _stopped:  # while it was started
            os.kill(pid, signal.SIGTERM)
        return wait()
    finally:
        del _running[pid]


def _as_command(words: Sequence[str], work: StageWork) -> None:
    """In the command's process: become what a shell would have started."""
    os.setsid()  # the terminal's Ctrl-C is for `study run`, which passes it on
    os.environ.update(work.environment)
    os.chdir(work.folder)
    log = os.open(work.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    run_guarded(partial(_run_module, words), idle=True)


def _run_module(words: Sequence[str]) -> None:
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    sys.argv = list(words)
    runpy.run_module("pvdbench", run_name="__main__", alter_sys=True)  # python -m pvdbench


def _end_with_the_worker() -> None:
    """A worker that is gone takes its command along, and that its method; a training may write its checkpoint first."""
    worker = multiprocessing.parent_process()
    assert worker is not None
    connection.wait([worker.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LAST_WORDS)
    os.kill(os.getpid(), signal.SIGKILL)
