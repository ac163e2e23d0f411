"""The training loop: updates, progress, losses to a CSV, checkpoints, and a stop that loses nothing."""

import math
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, Never

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import Parameter
from tqdm import tqdm

from pvdbench.core.errors import PvdbenchError
from pvdbench.core.notice import notice
from pvdbench.io.tables import TRAINING_LOG, write_table
from pvdbench.training.checkpoint import (
    CheckpointTimer,
    DamagedCheckpointError,
    LogRow,
    Progress,
    checkpoint_file,
    restore_checkpoint,
    save_checkpoint,
)
from pvdbench.training.distributed import SINGLE, Processes
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch
from pvdbench.training.schedule import rate_factor
from pvdbench.training.validation import Validator

SAME_STOP = 1.0
"""Seconds in which a second signal is the first one told again: a queue tells all processes, and some pass it on."""

_LOG_ROWS = 200
_NAMED_CLIPS = 3  # of a batch, in a message


class TrainingError(PvdbenchError):
    """A training run went wrong, or was stopped."""


@dataclass(frozen=True)
class Run:
    """One run of the loop: what it trains, how, and which files it writes.

    Attributes:
        title: of the progress bar and of messages.
        network: whose state a checkpoint holds; its parameters that require a gradient are updated.
        log: a CSV of about 200 rows (TRAINING_LOG).
        checkpoints: a folder of this run's own.
        identity: what a checkpoint must have in common with the run for it to go on from there.
        clips: names of the training clips, by the number in a batch's `origin`.
        validator: measures the network on held-out clips.
    """

    title: str
    network: nn.Module
    recipe: Recipe
    log: Path
    checkpoints: Path
    identity: Mapping[str, Any]
    processes: Processes = SINGLE
    clips: Sequence[str] = ()
    validator: Validator | None = None

    @property
    def trained(self) -> list[Parameter]:
        """The parameters that are updated."""
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]


def optimise(run: Run, supply: Callable[[int], Iterator[Batch]], losses: Callable[[Batch], Iterator[Tensor]]) -> float:
    """Make recipe.steps updates, one for each loss, and write the mean losses to the log.

    It begins where the checkpoint ends, if there is one; if that is damaged, at the beginning, and a line says so.
    It writes a checkpoint whenever CheckpointTimer says
    and when it is told to stop (SIGTERM, SIGINT), always between two batches.

    Args:
        supply: the batches from a number on.
        losses: of one batch, each computed when asked for, so that it sees the update before it.

    Returns: the seconds that went into the updates before the checkpoint; 0 without one.
    Raises:
        TrainingError: if a loss or a weight is not finite, or the run was told to stop.
        WeightsError: if the checkpoint cannot be read or is of another run.
        WriteError: if the disk is full.
    """
    start, optimiser = perf_counter(), _optimiser(run)
    progress = _restored(run, optimiser)
    seconds_before, synchronised = progress.seconds, run.processes.synchronise(run.network)
    with _stop_requested(alone=run.processes.count == 1) as stop_requested, _progress_bar(run, progress) as bar:
        timer = CheckpointTimer(run.recipe.checkpoint_every, progress.step)
        for batch in supply(progress.batches):
            for loss in synchronised(losses(batch)):
                _update(run, optimiser, progress, loss, batch)
                _record(run, progress, bar)
                if progress.step == run.recipe.steps:
                    if run.processes.writes:
                        write_log(run.log, progress.rows)
                    return seconds_before
            progress.batches += 1
            stop = run.processes.any(stop_requested())  # a signal may reach one process a batch later than another
            if stop or run.processes.any(run.processes.writes and timer.is_due(progress.step)):  # by one clock for all
                progress.seconds = seconds_before + perf_counter() - start
                with timer.writing(progress.step, checkpoint_file(run.checkpoints)):
                    _save(run, optimiser, progress)
            if stop:
                run.processes.wait()  # what started them may end all with the first one, also the one that writes
                raise TrainingError(f"{run.title}: stopped after {progress.step} of {run.recipe.steps} updates; "
                                    "the same command goes on from there")  # fmt: skip
    raise AssertionError("the supply of batches never ends")


def _restored(run: Run, optimiser: torch.optim.Optimizer) -> Progress:
    try:
        return restore_checkpoint(run.checkpoints, run.network, optimiser, run.identity)
    except DamagedCheckpointError as error:  # all processes see the same file, and begin again together
        if run.processes.writes:
            notice(f"{error}; {run.title} begins again")
        return Progress()


def _optimiser(run: Run) -> torch.optim.Optimizer:
    """Make the recipe's optimiser, in the form that updates all parameters at once: one by one is 3 % of an update."""
    rate, decay = run.recipe.learning_rate, run.recipe.weight_decay
    if run.recipe.optimiser == "radam":  # PyTorch has no fused one
        return torch.optim.RAdam(run.trained, lr=rate, weight_decay=decay, decoupled_weight_decay=True, foreach=True)
    return torch.optim.Adam(run.trained, lr=rate, weight_decay=decay, decoupled_weight_decay=True, fused=True)


def _update(run: Run, optimiser: torch.optim.Optimizer, progress: Progress, loss: Tensor, batch: Batch) -> None:
    value = run.processes.mean(loss.item())
    if not math.isfinite(value):
        raise TrainingError(f"{run.title}: the loss is {value} at step {progress.step + 1}, batch {progress.batches}"
                            f"{_batch_clips(run, batch)}; {divergence_advice(run)}")  # fmt: skip
    rate = run.recipe.learning_rate * rate_factor(run.recipe, progress.step)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if run.recipe.clip is not None:
        nn.utils.clip_grad_norm_(run.trained, run.recipe.clip)
    optimiser.step()
    progress.step += 1
    progress.recent.append(value)


def divergence_advice(run: Run) -> str:
    """Say what to do about a run that diverged: another recipe cannot go on from its last good checkpoint."""
    advice, last = "lower learning_rate or set clip, and begin again", checkpoint_file(run.checkpoints)
    return f"{advice} after removing {last}, which is of this recipe" if last.exists() else advice


def _batch_clips(run: Run, batch: Batch) -> str:
    """Where a batch's first sequences came from."""
    if not run.clips:
        return ""
    origins = batch["origin"].tolist()
    named = [f"{run.clips[clip]} from frame {first}" for clip, first in origins[:_NAMED_CLIPS]]
    more = [f"{len(origins) - _NAMED_CLIPS} more"] if len(origins) > _NAMED_CLIPS else []
    return " on " + ", ".join([*named, *more])


def _record(run: Run, progress: Progress, bar: "tqdm[Never]") -> None:
    """Measure held-out clips, write a row of the log and move the progress bar, each when it is due."""
    if run.validator:
        run.validator.measure_if_due(progress, run.recipe.steps)
    every = max(1, run.recipe.steps // _LOG_ROWS)
    if progress.step % every == 0 or progress.step == run.recipe.steps:
        rate = run.recipe.learning_rate * rate_factor(run.recipe, progress.step - 1)
        loss = sum(progress.recent) / len(progress.recent)
        progress.rows.append((progress.step, loss, rate, progress.validation))
        progress.recent, progress.validation = [], None
        bar.set_postfix(loss=f"{loss:.5f}", refresh=False)
    bar.update()


def _save(run: Run, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
    if not all(bool(parameter.isfinite().all()) for parameter in run.trained):
        raise TrainingError(f"{run.title}: the weights are not finite after step {progress.step}; "
                            f"{divergence_advice(run)}")  # fmt: skip
    if run.processes.writes:
        save_checkpoint(run.checkpoints, run.network, optimiser, progress, run.identity)


def _progress_bar(run: Run, progress: Progress) -> "tqdm[Never]":
    return tqdm(total=run.recipe.steps, initial=progress.step, desc=run.title, file=sys.stderr, mininterval=1,
                disable=not run.processes.writes)  # fmt: skip


@contextmanager
def _stop_requested(*, alone: bool) -> Iterator[Callable[[], bool]]:
    """Yield whether SIGTERM or SIGINT came; a second one stops at once.

    Args:
        alone: whether this process trains alone. One of several may get each signal twice, from a terminal or a queue
            and from the program that started it, which ends it by SIGKILL where it has to be at once.
    """
    received: list[float] = []

    def remember(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if received and alone and perf_counter() - received[0] > SAME_STOP:
            raise KeyboardInterrupt
        received.append(perf_counter())

    before = {number: signal.signal(number, remember) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_log(log: Path, rows: Sequence[LogRow]) -> None:
    """Write the rows of TRAINING_LOG."""
    write_table(log, pd.DataFrame(rows, columns=list(TRAINING_LOG), dtype=object), TRAINING_LOG)
