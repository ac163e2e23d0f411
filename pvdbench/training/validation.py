"""Held-out clips: how a run does on what it does not train on, and the weights that did best."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pvdbench.core.errors import ParamsError
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.training.checkpoint import Progress
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch


@dataclass(frozen=True)
class Validator:
    """Measures a run every so many updates and keeps the best.

    Attributes:
        every: updates between two looks.
        loss: over all held-out crops, the same ones each time.
        keep: what to do with weights that are better than all before.
    """

    every: int
    loss: Callable[[], float]
    keep: Callable[[], None]

    def look(self, progress: Progress, last_step: int) -> None:
        """Measure if it is time to, which it always is at the end."""
        if progress.step % self.every and progress.step != last_step:
            return
        progress.validation = self.loss()
        if progress.best is None or progress.validation < progress.best:
            progress.best = progress.validation
            self.keep()


def divided(clips: list[ClipFiles], recipe: Recipe) -> tuple[list[ClipFiles], list[ClipFiles]]:
    """The clips to train on, and those that the recipe holds out.

    Raises:
        ParamsError: if a clip to hold out is not there, or none is left.
    """
    names = set(recipe.validation.clips) if recipe.validation else set[str]()
    held = [clip for clip in clips if clip.video in names]
    rest = [clip for clip in clips if clip.video not in names]
    if missing := sorted(names - {clip.video for clip in held}):
        there = ", ".join(clip.video for clip in clips)
        raise ParamsError(f"params.yaml: training: validation.clips: expected some of {there}, got '{missing[0]}'; "
                          "correct the name")  # fmt: skip
    if not rest:
        raise ParamsError("params.yaml: training: validation.clips: expected clips left to train on, got none; "
                          "hold out fewer")  # fmt: skip
    return rest, held


def mean_loss(batches: Sequence[Batch], losses: Callable[[Batch], Iterator[Tensor]]) -> float:
    """The mean of all losses of all batches, without gradients."""
    with torch.no_grad():
        values = [loss.item() for batch in batches for loss in losses(batch)]
    return sum(values) / len(values)
