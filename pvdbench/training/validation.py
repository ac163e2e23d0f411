"""Held-out clips: how well a run does on clips that it does not train on, and the weights that did best."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pvdbench.core.errors import ParamsError
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.training.checkpoint import Progress
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch

_LISTED = 8  # clips in a message


@dataclass(frozen=True)
class Validator:
    """Measures a run every so many updates and keeps the best weights.

    Attributes:
        every: updates between two measurements.
        loss: the mean loss over held-out crops, the same ones each time.
        keep: saves the weights as the best so far.
    """

    every: int
    loss: Callable[[], float]
    keep: Callable[[], None]

    def measure_if_due(self, progress: Progress, last_step: int) -> None:
        """Measure the loss if `every` updates passed, and always at the end."""
        if progress.step % self.every and progress.step != last_step:
            return
        progress.validation = self.loss()
        if progress.best is None or progress.validation < progress.best:
            progress.best = progress.validation
            self.keep()


def split_clips(clips: list[ClipFiles], recipe: Recipe) -> tuple[list[ClipFiles], list[ClipFiles]]:
    """Divide clips into those to train on and those that the recipe holds out.

    Raises:
        ParamsError: if a clip to hold out is not there, or none is left to train on.
    """
    names = set(recipe.validation.clips) if recipe.validation else set[str]()
    held_out = [clip for clip in clips if clip.video in names]
    rest = [clip for clip in clips if clip.video not in names]
    if missing := sorted(names - {clip.video for clip in held_out}):
        choices = ", ".join(clip.video for clip in clips[:_LISTED]) + (", ..." if len(clips) > _LISTED else "")
        raise ParamsError(f"params.yaml: training: validation.clips: unknown clip '{missing[0]}'; "
                          f"choose from {choices}")  # fmt: skip
    if not rest:
        raise ParamsError("params.yaml: training: validation.clips: no clip is left to train on; hold out fewer")
    return rest, held_out


def mean_loss(batches: Sequence[Batch], losses: Callable[[Batch], Iterator[Tensor]]) -> float:
    """Average all losses of all batches, without gradients."""
    with torch.no_grad():
        values = [loss.item() for batch in batches for loss in losses(batch)]
    return sum(values) / len(values)
