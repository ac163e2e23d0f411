"""The one training loop: Adam with a stepped rate, progress, losses to a CSV."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.nn import Parameter
from tqdm import tqdm

from pvdbench.core.errors import PvdbenchError
from pvdbench.core.records import TRAINING_LOG, write_table
from pvdbench.core.weights import save_weights
from pvdbench.training.params import Recipe

_LOG_ROWS = 200


class TrainingError(PvdbenchError):
    """A training run went wrong."""


def optimise(parameters: Iterable[Parameter], losses: Iterator[Tensor], recipe: Recipe, log: Path, title: str) -> None:
    """Make recipe.steps updates, one for each loss, and write the mean losses to log.

    Args:
        parameters: what is trained.
        losses: computed when asked for, so each sees the update before it.
        log: a CSV of about 200 rows (TRAINING_LOG).
        title: shown beside the progress.

    Raises:
        TrainingError: if a loss is not finite.
    """
    optimiser = torch.optim.Adam(list(parameters), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_factor(recipe, step))
    every = max(1, recipe.steps // _LOG_ROWS)
    recent: list[float] = []
    rows: list[tuple[int, float, float]] = []
    progress = tqdm(range(1, recipe.steps + 1), title, file=sys.stderr, mininterval=1)
    for step, loss in zip(progress, losses, strict=False):
        if not torch.isfinite(loss):
            raise TrainingError(f"{title}: step {step}: expected a finite loss, got {loss.item()}; lower learning_rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        rate = float(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
        recent.append(loss.item())
        if step % every == 0 or step == recipe.steps:
            rows.append((step, sum(recent) / len(recent), rate))
            progress.set_postfix(loss=f"{rows[-1][1]:.5f}", refresh=False)
            recent = []
    write_log(log, rows)


def rate_factor(recipe: Recipe, step: int) -> float:
    """What the learning rate is multiplied by after step updates."""
    rise = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    return rise * recipe.decay ** sum(step >= decay_step for decay_step in recipe.decay_steps)


def write_log(log: Path, rows: list[tuple[int, float, float]]) -> None:
    """Write (step, mean loss since the row before, learning rate) rows."""
    write_table(log, pd.DataFrame(rows, columns=list(TRAINING_LOG)), TRAINING_LOG)


def write_untrained(weights: Path, log: Path, method: str) -> int:
    """The outputs of a row that has nothing to train: a weights file without tensors, an empty log, 0 updates."""
    save_weights(weights, {}, {"network": None, "method": method})
    write_log(log, [])
    return 0
