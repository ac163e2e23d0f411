"""A row run in a process of its own: a method that fails leaves a reason in place of frames, and the study goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pvdbench.contract.card import Task, read_card
from pvdbench.contract.watch import Beat, run_watched
from pvdbench.core.cost import measured_cost
from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.core.failure import write_failure
from pvdbench.core.files import replaced_folder
from pvdbench.datasets.manifest import read_clips


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


def attempt(run: Attempt) -> str:
    """Run a row; what its method does wrong is recorded in out and in the cost file.

    Returns: the reason why it has no frames; empty where it has.
    Raises:
        PvdbenchError: for whatever is no fault of the method: a damaged frame of the data set, a full disk.
    """
    try:
        run_watched(partial(_run, run), seconds=_patience(run))
    except (MethodError, WeightsError) as error:
        reason = str(error)
        with measured_cost(run.cost, run.stage) as facts, replaced_folder(run.out) as folder:
            facts["failed"] = reason
            write_failure(folder, reason)
        return reason
    return ""


def _patience(run: Attempt) -> float:
    """Seconds until silence counts as a hang; a program gives its frames a clip at a time."""
    card = read_card(run.methods, run.method)
    if card.kind != "command":
        return card.seconds_a_frame
    longest = max(len(clip.frames) for clip in read_clips(run.dataset, "test"))
    return card.seconds_a_frame * longest + _SLACK


def _run(run: Attempt, beat: Beat) -> None:
    from pvdbench.inference.work import WORK  # in the new process alone: forking one in which torch computed hangs

    WORK[run.task](run, beat)


_SLACK = 60.0  # seconds beyond a program's own limit
