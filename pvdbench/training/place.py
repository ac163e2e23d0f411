"""Where a training run takes place: its files, its device, its share of the work, and how fast it may be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import Parameter

from pvdbench.core.weights import save_weights
from pvdbench.training.checkpoint import forget
from pvdbench.training.crops import Batch, SequenceCrops, batches
from pvdbench.training.loop import Run
from pvdbench.training.params import Recipe
from pvdbench.training.processes import Processes


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

    def run(self, network: nn.Module, trained: list[Parameter], recipe: Recipe, header: Mapping[str, Any]) -> Run:
        """The run of a network; whatever is in recipe or header may not change while it is half done."""
        identity = {**header, **recipe.model_dump(exclude={"workers", "checkpoint_every"})}
        return Run(self.weights.stem, network, trained, recipe, self.log, self.checkpoints, identity, self.processes)

    def supply(self, crops: SequenceCrops, recipe: Recipe) -> Callable[[int], Iterator[Batch]]:
        """The batches from a number on."""
        return lambda first: batches(crops, recipe, first=first, processes=self.processes, device=self.device)

    def finish(self, run: Run, network: nn.Module, header: Mapping[str, Any]) -> None:
        """Write the weights, then forget the checkpoint."""
        if self.processes.writes:
            save_weights(self.weights, network.state_dict(), header)
            forget(run.checkpoints)


def accelerate(network: nn.Module, recipe: Recipe) -> None:
    """Prepare a network as the recipe asks: neither changes what it computes but for rounding."""
    if recipe.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's own stubs lack it
    if recipe.compile:
        network.compile()
