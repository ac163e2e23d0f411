"""Training of competing methods (Tables 4 and 5) by the loop that trains PVDNet, each by its own network.py."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pvdbench.methods.interface import Trainable
from pvdbench.training.losses import FRAME_LOSSES
from pvdbench.training.params import MethodRecipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Trainer, TrainingResult, TrainingTask, accelerate


def train_competitor(
    method: Trainable, options: Mapping[str, Any], recipe: MethodRecipe, trainer: Trainer
) -> TrainingResult:
    """Write the weights of one row of `deblur` whose method brings its own network.

    Args:
        options: of the network.

    Raises:
        ParamsError: if the method refuses the options.
    """
    torch.manual_seed(trainer.seed)
    network = method.build(options).to(trainer.device)
    header = {**method.header(options), "dataset": trainer.dataset.name, "seed": trainer.seed, "steps": recipe.steps}
    accelerate(network, recipe)
    sequences = Sequences(recipe.sequence, flips=recipe.flips)
    task = TrainingTask(network, header, sequences, lambda batch: update_losses(method, network, batch, recipe))
    return trainer.train(task, recipe)


def update_losses(method: Trainable, network: nn.Module, batch: Batch, recipe: MethodRecipe) -> Iterator[Tensor]:
    """Yield the loss of each update that a batch makes: the sum over its estimates, of which there is one per scale."""
    loss = FRAME_LOSSES[recipe.loss]
    for pairs in method.unroll(network, batch["blurry"], batch["sharp"]):
        yield torch.stack([loss(estimate, truth) for estimate, truth in pairs]).sum()
