"""Where a training run takes place: its files, its device, its share of the work, and how fast it may be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.training.checkpoint import forget
from pvdbench.training.distributed import Processes
from pvdbench.training.loop import Run, optimise
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch, SequenceCrops, Sequences, batches
from pvdbench.training.validation import Validator, divided, mean_loss

_NOT_IDENTITY = {"workers", "checkpoint_every"}  # may change while a run is half done


@dataclass(frozen=True)
class Where:
    """The files of a run, its seed and device, and the processes that share it."""

    dataset: Path
    weights: Path
    log: Path
    checkpoints: Path
    seed: int
    device: torch.device
    processes: Processes

    def train(self, task: "Task", recipe: Recipe) -> None:
        """Train a network on the training clips but those that are held out, and write its weights.

        Raises:
            DataError: if frames are missing, too small or too few.
            ParamsError: if a clip to hold out is not there.
            TrainingError: if a loss is not finite, or the run was told to stop.
            WeightsError: if there is a checkpoint that is damaged or of another run.
            WriteError: if the disk is full.
        """
        clips, held = divided(read_clips(self.dataset, "train"), recipe)
        crops = SequenceCrops(self.dataset, clips, recipe, task.sequences, self.seed)
        run = Run(self.weights.stem, task.network, task.trained, recipe, self.log, self.checkpoints,
                  {**task.header, **recipe.model_dump(exclude=_NOT_IDENTITY)}, self.processes, crops.videos,
                  self._validator(task, recipe, held))  # fmt: skip
        optimise(run, lambda first: self._batches(crops, recipe, first), task.losses)
        if self.processes.writes:
            self._finish(task, recipe)

    def _batches(self, crops: SequenceCrops, recipe: Recipe, first: int) -> Iterator[Batch]:
        return batches(crops, recipe, first=first, processes=self.processes, device=self.device)

    def _validator(self, task: "Task", recipe: Recipe, held: list[ClipFiles]) -> Validator | None:
        if recipe.validation is None:
            return None
        crops = SequenceCrops(self.dataset, held, recipe, task.sequences, self.seed)
        count, best = recipe.validation.batches, self.checkpoints / "best.safetensors"

        def loss() -> float:
            supply = self._batches(crops, recipe, 0)
            task.network.eval()  # batch normalisation must learn nothing here
            value = mean_loss([next(supply) for _ in range(count)], task.losses)
            task.network.train()
            return self.processes.mean(value)

        def keep() -> None:
            if self.processes.writes:
                save_weights(best, task.network.state_dict(), task.header)

        return Validator(recipe.validation.every, loss, keep)

    def _finish(self, task: "Task", recipe: Recipe) -> None:
        """Write the weights that the row goes on with, then forget the checkpoint."""
        tensors: Mapping[str, Tensor] = task.network.state_dict()
        if recipe.validation is not None:
            save_weights(self.checkpoints / "last.safetensors", tensors, task.header)
            tensors, _ = load_weights(self.checkpoints / f"{recipe.validation.keep}.safetensors")
        save_weights(self.weights, tensors, task.header)
        forget(self.checkpoints)


@dataclass(frozen=True)
class Task:
    """What is trained on what.

    Attributes:
        network: all that the weights file holds.
        trained: which of its parameters are updated.
        header: of the weights file; it may not change while a run is half done.
        losses: of one batch, each computed when asked for.
    """

    network: nn.Module
    trained: list[Parameter]
    header: Mapping[str, Any]
    sequences: Sequences
    losses: Callable[[Batch], Iterator[Tensor]]


def accelerate(network: nn.Module, recipe: Recipe) -> None:
    """Prepare a network as the recipe asks: neither changes what it computes but for rounding."""
    if recipe.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's own stubs lack it
    if recipe.compile:
        network.compile()
