"""Training of LiteFlowNet, its fine-tuned variants and BIMNet (Sec. 3.1 and 4.2)."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from pvdbench.core.errors import WeightsError
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.liteflownet_modules import Encoder, Matching, Regularization, Subpixel
from pvdbench.networks.motion import MotionNetwork, load_motion_network, motion_header
from pvdbench.networks.params import MotionRow
from pvdbench.training.motion_losses import supervised_loss, warping_loss
from pvdbench.training.params import MotionTraining, Recipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Trainer, TrainingResult, TrainingTask, accelerate

Network = TypeVar("Network", LiteFlowNet, MotionNetwork)


def pretrain_motion(training: MotionTraining, trainer: Trainer) -> TrainingResult:
    """Train a LiteFlowNet on true flow between sharp frames; a stand-in for the weights that its authors published.

    Args:
        trainer: its data set has true flow, as rendered ones do.

    Raises:
        DataError: if a frame of the data set has no true flow.
    """
    torch.manual_seed(trainer.seed)
    network = LiteFlowNet(training.width).to(trainer.device)
    _initialise(network)
    return _train(network, training.pretrain, trainer, supervised_loss, "supervised", with_flow=True)


def train_motion(row: MotionRow, training: MotionTraining, start: Path, trainer: Trainer) -> TrainingResult:
    """Write the weights of one row of Table 1 that has a network: fine-tuned, or the start as it is.

    Args:
        start: the weights file that the row's network starts from.

    Raises:
        WeightsError: if start is missing, damaged or of another network.
    """
    network = load_motion_network(start).to(trainer.device)
    if (found := motion_header(network)["network"]) != row.network:
        raise WeightsError(f"{start}: these are weights of {found}, but the row's network is {row.network}; name "
                           "others under the row's `weights`, imported by `pvdbench weights import`")  # fmt: skip
    if row.finetune is None:
        return trainer.use_as_is(network, _header(network, trainer, "supervised", 0))
    finetune, masked = row.finetune, training.finetune.masked

    def loss(network: MotionNetwork, batch: Batch) -> Tensor:
        return warping_loss(network, batch, finetune, masked=masked)

    return _train(network, training.finetune, trainer, loss, finetune.model_dump())


def _train(
    network: Network,
    recipe: Recipe,
    trainer: Trainer,
    loss: Callable[[Network, Batch], Tensor],
    made_by: object,
    *,
    with_flow: bool = False,
) -> TrainingResult:
    header = _header(network, trainer, made_by, recipe.steps)
    accelerate(network, recipe)
    sequences = Sequences(2, with_flow=with_flow)
    return trainer.train(TrainingTask(network, header, sequences, lambda batch: iter([loss(network, batch)])), recipe)


def _initialise(network: LiteFlowNet) -> None:
    """Set the first weights: features of unit scale, zero flow, bilinear upsampling, regularization a plain average.

    Ours: the paper starts from published weights. Under PyTorch's own start the cost volumes are near 1e-4 and the
    regularizations scatter what the coarser levels found; nothing is learned in hundreds of updates.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, a=0.1)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.ConvTranspose2d):
            tent = torch.tensor([0.25, 0.75, 0.75, 0.25])
            module.weight.data.copy_(tent[:, None] * tent)
    for module in network.modules():
        if isinstance(module, Encoder):
            filters = module.first.weight.data
            filters -= filters.mean((1, 2, 3), keepdim=True)  # brightness says nothing about motion
        elif isinstance(module, Matching | Subpixel):
            nn.init.normal_(module.last.weight, std=1e-3)
        elif isinstance(module, Regularization):
            nn.init.ones_(module.scale_x.weight)
            nn.init.ones_(module.scale_y.weight)


def _header(network: MotionNetwork, trainer: Trainer, made_by: object, steps: int) -> dict[str, object]:
    made = {"dataset": trainer.dataset.name, "seed": trainer.seed, "made_by": made_by, "steps": steps}
    return motion_header(network) | made
