"""The one training loop: updates, progress, losses to a CSV, checkpoints, and a stop that loses nothing."""

import math
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Never

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import Parameter
from tqdm import tqdm

from pvdbench.core.errors import PvdbenchError
from pvdbench.io.tables import TRAINING_LOG, write_table
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.training.checkpoint import LogRow, Progress, restore, save_checkpoint
from pvdbench.training.distributed import ALONE, Processes
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch
from pvdbench.training.schedule import rate_factor
from pvdbench.training.validation import Validator

_LOG_ROWS = 200


class TrainingError(PvdbenchError):
    """A training run went wrong, or was stopped."""


@dataclass(frozen=True)
class Run:
    """What is trained, how, and where it leaves its traces.

    Attributes:
        network: whose state a checkpoint holds.
        trained: which of its parameters are updated.
        log: a CSV of about 200 rows (TRAINING_LOG).
        checkpoints: a folder of this run's own.
        identity: what a checkpoint must have in common with the run to be gone on from.
        clips: names of the training clips, for a batch's `origin`.
        validator: looks at held-out clips.
    """

    title: str
    network: nn.Module
    trained: list[Parameter]
    recipe: Recipe
    log: Path
    checkpoints: Path
    identity: Mapping[str, Any]
    processes: Processes = ALONE
    clips: Sequence[str] = ()
    validator: Validator | None = None


def optimise(run: Run, supply: Callable[[int], Iterator[Batch]], losses: Callable[[Batch], Iterator[Tensor]]) -> None:
    """Make recipe.steps updates, one for each loss, and write the mean losses to the log.

    It begins where the run's checkpoint ends, if there is one, and leaves one behind every checkpoint_every updates
    and when it is told to stop (SIGTERM, SIGINT), always between two batches.

    Args:
        supply: the batches from a number on.
        losses: of one batch, each computed when asked for, so that it sees the update before it.

    Raises:
        TrainingError: if a loss or a weight is not finite, or the run was told to stop.
        WeightsError: if the checkpoint is damaged or of another run.
        WriteError: if the disk is full.
    """
    optimiser = _optimiser(run)
    progress = restore(run.checkpoints, run.network, optimiser, run.identity)
    with _told_to_stop() as stopping, _bar(run, progress) as bar:
        saved = progress.step
        for batch in supply(progress.batches):
            for loss in losses(batch):
                _update(run, optimiser, progress, loss, batch)
                _note(run, progress, bar)
                if progress.step == run.recipe.steps:
                    if run.processes.writes:
                        write_log(run.log, progress.rows)
                    return
            progress.batches += 1
            stop = run.processes.any(stopping())  # a signal may reach one of them a batch later than another
            if stop or (run.recipe.checkpoint_every and progress.step - saved >= run.recipe.checkpoint_every):
                _save(run, optimiser, progress)
                saved = progress.step
            if stop:
                raise TrainingError(f"{run.title}: stopped after {progress.step} of {run.recipe.steps} updates; "
                                    "the same command goes on from there")  # fmt: skip


def _optimiser(run: Run) -> torch.optim.Optimizer:
    rate, decay = run.recipe.learning_rate, run.recipe.weight_decay
    if run.recipe.optimiser == "radam":
        return torch.optim.RAdam(run.trained, lr=rate, weight_decay=decay, decoupled_weight_decay=True)
    return torch.optim.Adam(run.trained, lr=rate, weight_decay=decay, decoupled_weight_decay=True)


def _update(run: Run, optimiser: torch.optim.Optimizer, progress: Progress, loss: Tensor, batch: Batch) -> None:
    value = run.processes.mean(loss.item())
    if not math.isfinite(value):
        raise TrainingError(f"{run.title}: step {progress.step + 1}, batch {progress.batches}: expected a finite loss, "
                            f"got {value}{_origin(run, batch)}; {_calmer(run)}")  # fmt: skip
    rate = run.recipe.learning_rate * rate_factor(run.recipe, progress.step)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    run.processes.average(run.trained)
    if run.recipe.clip is not None:
        nn.utils.clip_grad_norm_(run.trained, run.recipe.clip)
    optimiser.step()
    progress.step += 1
    progress.recent.append(value)


def _calmer(run: Run) -> str:
    """What to do about a run that diverged; its last good checkpoint is refused to a recipe that is another."""
    last = run.checkpoints / "checkpoint.pt"
    there = f", after removing the last good checkpoint, {last}, which is of this recipe" if last.exists() else ""
    return f"lower learning_rate or set clip, and begin again from the start{there}"


def _origin(run: Run, batch: Batch) -> str:
    """Which frames a batch came from, where it says so."""
    if not run.clips:
        return ""
    return " on " + ", ".join(f"{run.clips[clip]} from frame {start}" for clip, start in batch["origin"].tolist())


def _note(run: Run, progress: Progress, bar: "tqdm[Never]") -> None:
    """Look at held-out clips, write a row of the log, move the bar, each when it is time to."""
    if run.validator:
        run.validator.look(progress, run.recipe.steps)
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
        raise TrainingError(f"{run.title}: step {progress.step}: expected finite weights, got others; {_calmer(run)}")
    if run.processes.writes:
        save_checkpoint(run.checkpoints, run.network, optimiser, progress, run.identity)


def _bar(run: Run, progress: Progress) -> "tqdm[Never]":
    return tqdm(total=run.recipe.steps, initial=progress.step, desc=run.title, file=sys.stderr, mininterval=1,
                disable=not run.processes.writes)  # fmt: skip


@contextmanager
def _told_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT came; a second one stops at once."""
    told: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if told:
            raise KeyboardInterrupt
        told.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_log(log: Path, rows: Sequence[LogRow]) -> None:
    """Write the rows of TRAINING_LOG."""
    write_table(log, pd.DataFrame(rows, columns=list(TRAINING_LOG), dtype=object), TRAINING_LOG)


def write_given(given: Path, weights: Path, log: Path) -> int:
    """The outputs of a row whose weights others trained: those weights, an empty log, 0 updates.

    Raises:
        WeightsError: if the file is missing or damaged.
    """
    save_weights(weights, *load_weights(given))
    write_log(log, [])
    return 0


def write_untrained(weights: Path, log: Path, method: str) -> int:
    """The outputs of a row that has nothing to train: a weights file without tensors, an empty log, 0 updates."""
    save_weights(weights, {}, {"network": None, "method": method})
    write_log(log, [])
    return 0
