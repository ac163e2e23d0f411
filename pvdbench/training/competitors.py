"""Training of competing methods (Tables 4 and 5) by the loop that trains PVDNet, each by its own network.py."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.methods.interface import Trainable
from pvdbench.training.distributed import ALONE, Processes
from pvdbench.training.loop import write_given
from pvdbench.training.params import MethodRecipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Task, Where, accelerate

EPSILON = 1e-3  # of the Charbonnier loss, for values in [0, 1]


def train_competitor(
    method: Trainable, options: Mapping[str, Any], recipe: MethodRecipe, dataset: Path, weights: Path, log: Path,
    checkpoints: Path, *, given: Path | None = None, seed: int, device: torch.device, processes: Processes = ALONE,
) -> int:  # fmt: skip
    """Write the weights of one row of `deblur` whose method brings its own network.

    Args:
        options: of the network.
        weights, log: what is written.
        checkpoints: a folder for the run while it is half done.
        given: weights that others trained, which the row uses as they are.

    Returns: the number of updates made.
    Raises:
        ParamsError: if the method refuses the options.
    """
    if given is not None:
        return write_given(given, weights, log)
    torch.manual_seed(seed)
    network = method.build(options).to(device)
    header = {**method.header(options), "dataset": dataset.name, "seed": seed, "steps": recipe.steps}
    accelerate(network, recipe)
    task = Task(network, list(network.parameters()), header, Sequences(recipe.sequence, flips=recipe.flips),
                lambda batch: update_losses(method, network, batch, recipe))  # fmt: skip
    Where(dataset, weights, log, checkpoints, seed, device, processes).train(task, recipe)
    return recipe.steps


def update_losses(method: Trainable, network: nn.Module, batch: Batch, recipe: MethodRecipe) -> Iterator[Tensor]:
    """The loss of each update that a batch makes: the sum over its estimates, of all scales where there are several."""
    difference = _DIFFERENCES[recipe.loss]
    for pairs in method.unroll(network, batch["blurry"], batch["sharp"]):
        yield torch.stack([difference(estimate, truth) for estimate, truth in pairs]).sum()


def _charbonnier(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), a smooth L1 (Lai et al., CVPR 2017)."""
    return ((estimate - truth).square() + EPSILON**2).sqrt().mean()


_DIFFERENCES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "mse": F.mse_loss,
    "charbonnier": _charbonnier,
}
