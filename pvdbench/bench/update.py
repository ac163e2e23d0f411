"""Updates of a network, timed inside the training loop itself and as they are written down in textbooks."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from pvdbench.bench.part import Timed
from pvdbench.training.loop import Run, optimise
from pvdbench.training.params import Recipe
from pvdbench.training.sampling import Batch

Losses = Callable[[Batch], Iterator[Tensor]]


def timed_updates(
    network: nn.Module, recipe: Recipe, batch: Batch, losses: Losses, *, warm: int, updates: int
) -> Timed:  # fmt: skip
    """Train on one batch, again and again, through the training loop.

    Args:
        network: its parameters that require a gradient are updated.
        batch: in memory; how frames get there is the loader's time.
        warm: updates before those that are timed.

    Returns: milliseconds of an update, and the losses.
    """
    clock = _Clock(warm)
    short = recipe.model_copy(update={"steps": warm + updates, "checkpoint_every": 0})

    def supply(first: int) -> Iterator[Batch]:  # noqa: ARG001
        while True:
            yield batch

    with TemporaryDirectory() as folder:
        run = Run("updates", network, short, Path(folder) / "log.csv", Path(folder) / "checkpoint", {})
        optimise(run, supply, lambda batch: clock.watched(losses(batch)))
    return clock.stop(updates)


def textbook_updates(
    network: nn.Module, recipe: Recipe, batch: Batch, losses: Losses, *, warm: int, updates: int
) -> Timed:  # fmt: skip
    """Do the same by Adam's plain loop over the parameters, without log, checkpoints and checks.

    Args:
        recipe: of which the learning rate counts, and its warm-up.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=recipe.learning_rate, foreach=False)
    clock = _Clock(warm)
    while True:
        for loss in clock.watched(losses(batch)):
            optimiser.param_groups[0]["lr"] = recipe.learning_rate * min(1, clock.seen / max(1, recipe.warmup))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if clock.seen == warm + updates:
                return clock.stop(updates)


@dataclass
class _Clock:
    """Measures the time of updates, from before the loss of the first timed one is computed."""

    warm: int
    seen: int = 0
    start: float | None = None
    losses: list[Tensor] = field(default_factory=list)

    def watched(self, losses: Iterator[Tensor]) -> Iterator[Tensor]:
        """Hand losses on; each is computed when it is asked for."""
        while True:
            if self.seen == self.warm and self.start is None:
                self.start = _now()
            if (loss := next(losses, None)) is None:
                return
            self.seen += 1
            self.losses.append(loss.detach())
            yield loss

    def stop(self, updates: int) -> Timed:
        assert self.start is not None
        milliseconds = 1000 * (_now() - self.start) / updates
        return Timed(milliseconds, self.seen, [loss.item() for loss in self.losses])


def _now() -> float:
    """Read the clock in seconds, after whatever a graphics card was still busy with."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
