"""What runs in a row's own process: its method made ready, then its frames or its flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvdbench.core.device import compute_device
from pvdbench.inference.deblur import run_deblurring
from pvdbench.inference.motion import run_motion
from pvdbench.io.cost import measured_cost
from pvdbench.methods.card import Task, read_card
from pvdbench.methods.command import CommandMethod
from pvdbench.methods.isolation import Progress
from pvdbench.methods.loading import get_ready, is_upper_bound, load_deblurrer, load_motion_estimator


@dataclass(frozen=True)
class Attempt:
    """One row over one data set.

    Attributes:
        stage: for the cost file.
        row: its name in params.yaml, or the method's where it has no row.
        methods: the folder that holds the method.
        trained: the weights that the row's training wrote.
        dataset: the data set's folder.
        out: the folder for its frames or its flow.
        cost: the JSON file of what it took.
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
    cost: Path
    log: Path
    threads: int
    given: Path | None = None
    options: Mapping[str, Any] | None = None


def _deblur(run: Attempt, beat: Progress) -> None:
    method = load_deblurrer(run.methods, run.method)
    if isinstance(method, CommandMethod):
        method.log = run.log
    device = compute_device(run.threads)
    get_ready(method, run.methods, run.method, device, trained=run.trained, given=run.given, options=run.options)
    truth = is_upper_bound(read_card(run.methods, run.method), run.method, method)
    beat()
    with measured_cost(run.cost, run.stage) as facts:
        facts |= run_deblurring(method, run.row, run.dataset, run.out, truth=truth, beat=beat)


def _flow(run: Attempt, beat: Progress) -> None:
    method = load_motion_estimator(run.methods, run.method)
    device = compute_device(run.threads)
    get_ready(method, run.methods, run.method, device, trained=run.trained, given=run.given, options=run.options)
    beat()
    with measured_cost(run.cost, run.stage) as facts:
        facts |= run_motion(method, run.row, run.dataset, run.out, beat=beat)


def run_row(run: Attempt, beat: Progress) -> None:
    """Run a row; it calls beat after each frame, so that silence means that it hangs."""
    _TASKS[run.task](run, beat)


_TASKS: Mapping[Task, Callable[[Attempt, Progress], None]] = {"deblur": _deblur, "motion": _flow}
