"""Train one network and write its files: weights, a log of losses and, while it is half done, a checkpoint."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.training.checkpoint import remove_checkpoint
from pvdbench.training.distributed import SINGLE, Processes
from pvdbench.training.loop import Run, optimise, write_log
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch, SequenceCrops, Sequences, batches
from pvdbench.training.validation import Validator, mean_loss, split_clips

_NOT_IDENTITY = {"workers", "checkpoint_every"}  # may change while a run is half done


@dataclass(frozen=True)
class TrainingTask:
    """One network and what it is trained on.

    Attributes:
        network: all that the weights file holds; parameters that require a gradient are trained.
        header: of the weights file; it may not change while a run is half done.
        sequences: which frames make a training sequence.
        losses: of one batch, each computed when asked for.
    """

    network: nn.Module
    header: Mapping[str, Any]
    sequences: Sequences
    losses: Callable[[Batch], Iterator[Tensor]]


@dataclass(frozen=True)
class TrainingResult:
    """How much was trained.

    Attributes:
        steps: updates made, over all interruptions.
        seconds_before: that earlier, interrupted commands put into them.
    """

    steps: int = 0
    seconds_before: float = 0.0


@dataclass(frozen=True)
class Trainer:
    """Trains one network and writes its files.

    Attributes:
        dataset: the folder of the data set whose training clips are used.
        weights, log: the files that are written.
        checkpoints: a folder for the run while it is half done.
        processes: that share every batch.
    """

    dataset: Path
    weights: Path
    log: Path
    checkpoints: Path
    seed: int
    device: torch.device
    processes: Processes = SINGLE

    def train(self, task: TrainingTask, recipe: Recipe) -> TrainingResult:
        """Train a network on the training clips that are not held out, and write its weights.

        Raises:
            DataError: if frames are missing, too small or too few.
            ParamsError: if a clip to hold out is not there.
            TrainingError: if a loss is not finite, or the run was told to stop.
            WeightsError: if there is a checkpoint that cannot be read or is of another run.
            WriteError: if the disk is full.
        """
        clips, held_out = split_clips(read_clips(self.dataset, "train"), recipe)
        crops = SequenceCrops(self.dataset, clips, recipe, task.sequences, self.seed)
        run = Run(
            title=self.weights.stem,
            network=task.network,
            recipe=recipe,
            log=self.log,
            checkpoints=self.checkpoints,
            identity={**task.header, **recipe.model_dump(exclude=_NOT_IDENTITY)},
            processes=self.processes,
            clips=crops.videos,
            validator=self._validator(task, recipe, held_out),
        )
        seconds_before = optimise(run, lambda first: self._batches(crops, recipe, first), task.losses)
        if self.processes.writes:
            self._finish(task, recipe)
        return TrainingResult(recipe.steps, seconds_before)

    def use_imported(self, file: Path) -> TrainingResult:
        """Write imported weights as they are, and an empty log.

        Raises:
            WeightsError: if the file is missing or damaged.
        """
        return self._write_untrained(*load_weights(file))

    def use_nothing(self, method: str) -> TrainingResult:
        """Write a weights file without tensors and an empty log, for a method without a network."""
        return self._write_untrained({}, {"network": None, "method": method})

    def use_as_is(self, network: nn.Module, header: Mapping[str, Any]) -> TrainingResult:
        """Write a network's weights as they are, and an empty log."""
        return self._write_untrained(network.state_dict(), header)

    def _write_untrained(self, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> TrainingResult:
        if self.processes.writes:
            save_weights(self.weights, tensors, header)
            write_log(self.log, [])
        return TrainingResult()

    def _batches(self, crops: SequenceCrops, recipe: Recipe, first: int) -> Iterator[Batch]:
        return batches(crops, recipe, first=first, processes=self.processes, device=self.device)

    def _validator(self, task: TrainingTask, recipe: Recipe, held_out: list[ClipFiles]) -> Validator | None:
        if recipe.validation is None:
            return None
        crops = SequenceCrops(self.dataset, held_out, recipe, task.sequences, self.seed)
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

    def _finish(self, task: TrainingTask, recipe: Recipe) -> None:
        """Write the weights that the row goes on with, then remove the checkpoint."""
        tensors: Mapping[str, Tensor] = task.network.state_dict()
        if recipe.validation is not None:
            save_weights(self.checkpoints / "last.safetensors", tensors, task.header)
            tensors, _ = load_weights(self.checkpoints / f"{recipe.validation.keep}.safetensors")
        save_weights(self.weights, tensors, task.header)
        remove_checkpoint(self.checkpoints)


def accelerate(network: nn.Module, recipe: Recipe, compiled: nn.Module | None = None) -> None:
    """Prepare a network as the recipe asks: neither option changes what it computes, except for rounding.

    Args:
        compiled: the part of it that torch.compile gets; all of it if not given.
    """
    if recipe.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's own stubs lack it
    if recipe.compile:
        (compiled or network).compile()
