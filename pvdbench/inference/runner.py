"""Run one row in a process of its own: a method that fails, hangs or dies leaves a reason in place of frames."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pvdbench.core.device import compute_device
from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.datasets.manifest import read_clips
from pvdbench.inference.cost import RunCost
from pvdbench.inference.deblur import run_deblurring
from pvdbench.inference.motion import run_motion
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.cost import Complexity, measured_cost, write_complexity
from pvdbench.io.frame_folders import write_failure
from pvdbench.methods.card import Task, read_card
from pvdbench.methods.command import CommandMethod
from pvdbench.methods.interface import Loadable
from pvdbench.methods.isolation import Progress, run_isolated
from pvdbench.methods.loading import get_ready, is_upper_bound, load_deblurrer, load_motion_estimator

_SLACK = 60.0  # seconds beyond a program's own limit


@dataclass(frozen=True)
class RowRun:
    """One row over one data set, and where everything lies.

    Attributes:
        stage: for the cost file.
        row: its name in params.yaml, or the method's where it has no row.
        methods: the folder that holds the method.
        trained: the weights that the row's training wrote.
        dataset: the data set's folder.
        out: the folder for its frames or its flow.
        complexity: the JSON file of parameters and multiply-adds, a result.
        cost: the JSON file of what it took on this machine.
        log: where a program's output is kept.
        threads: on the CPU.
        given: weights in place of those that the card names.
        options: of the method, in place of the card's.
    """

    task: Task
    stage: str
    row: str
    methods: Path
    method: str
    trained: Path | None
    dataset: Path
    out: Path
    complexity: Path
    cost: Path
    log: Path
    threads: int
    given: Path | None = None
    options: Mapping[str, Any] | None = None


def run_row(run: RowRun) -> str:
    """Run a row; what its method does wrong is recorded in place of its frames.

    Returns: the reason why it has no frames; empty where it has.
    Raises:
        PvdbenchError: for whatever is no fault of the method: a damaged frame of the data set, a full disk.
    """
    try:
        with _exit_on_sigterm():
            run_isolated(partial(_run_method, run), seconds=_patience(run))
    except (MethodError, WeightsError) as error:
        reason = str(error)
        run.cost.unlink(missing_ok=True)
        write_complexity(run.complexity, Complexity({}))
        with replaced_folder(run.out) as folder:
            write_failure(folder, reason)
        return reason
    return ""


def _run_method(run: RowRun, beat: Progress) -> None:
    """Load the row's method and run it, in the row's own process; beat says that it goes on."""
    compute = _loaded_deblurrer(run) if run.task == "deblur" else _loaded_estimator(run)
    beat()
    with measured_cost(run.cost, run.stage) as facts:
        cost = compute(run.row, run.dataset, run.out, beat=beat)
        facts |= cost.timing
    write_complexity(run.complexity, cost.complexity)


def _loaded_deblurrer(run: RowRun) -> Callable[..., RunCost]:
    method = load_deblurrer(run.methods, run.method)
    if isinstance(method, CommandMethod):
        method.log = run.log
    _load_weights(run, method)
    truth = is_upper_bound(read_card(run.methods, run.method), run.method, method)
    return partial(run_deblurring, method, truth=truth)


def _loaded_estimator(run: RowRun) -> Callable[..., RunCost]:
    method = load_motion_estimator(run.methods, run.method)
    _load_weights(run, method)
    return partial(run_motion, method)


def _load_weights(run: RowRun, method: Loadable) -> None:
    device = compute_device(run.threads)
    get_ready(method, run.methods, run.method, device, trained=run.trained, given=run.given, options=run.options)


def _patience(run: RowRun) -> float:
    """Count the seconds until silence means a hang; a program gives its frames a clip at a time."""
    card = read_card(run.methods, run.method)
    if card.kind != "command":
        return card.seconds_a_frame
    longest = max(len(clip.frames) for clip in read_clips(run.dataset, "test"))
    return card.seconds_a_frame * longest + _SLACK


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit within the block, so that the method's process ends with this one."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
