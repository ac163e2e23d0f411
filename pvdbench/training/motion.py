"""Training of LiteFlowNet, its fine-tuned variants and BIMNet (Sec. 3.1 and 4.2)."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import save_weights
from pvdbench.networks.liteflownet import Encoder, LiteFlowNet, Matching, Regularization, Subpixel
from pvdbench.networks.motion import MotionNetwork, load_motion_network, motion_header
from pvdbench.networks.params import MotionRow
from pvdbench.training.distributed import ALONE, Processes
from pvdbench.training.loop import write_log, write_untrained
from pvdbench.training.losses import supervised_loss, warping_loss
from pvdbench.training.params import MotionTraining, Recipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Task, Where, accelerate

Network = TypeVar("Network", LiteFlowNet, MotionNetwork)


def pretrain_motion(
    dataset: Path, training: MotionTraining, weights: Path, log: Path, checkpoints: Path, *, seed: int,
    device: torch.device, processes: Processes = ALONE,
) -> None:  # fmt: skip
    """Train a LiteFlowNet on true flow between sharp frames; a stand-in for the weights that its authors published.

    Args:
        dataset: a folder with true flow (a rendered one).
        weights, log: what is written.
        checkpoints: a folder for the run while it is half done.
    """
    torch.manual_seed(seed)
    network = LiteFlowNet(training.width).to(device)
    _start_from_rest(network)
    where = Where(dataset, weights, log, checkpoints, seed, device, processes)
    _train(network, training.pretrain, where, supervised_loss, "supervised", with_flow=True)


def train_motion(
    row: MotionRow, dataset: Path, training: MotionTraining, start: Path, weights: Path, log: Path,
    checkpoints: Path, *, seed: int, device: torch.device, processes: Processes = ALONE,
) -> int:  # fmt: skip
    """Write the weights of one row of Table 1: fine-tuned, pre-trained or given as they are, or none at all.

    Args:
        start: the weights file that the row's network starts from.

    Returns: the number of updates made.
    Raises:
        WeightsError: if start is missing, damaged or of another network.
    """
    if row.network is None:
        return write_untrained(weights, log, row.method)
    network = load_motion_network(start).to(device)
    if (found := motion_header(network)["network"]) != row.network:
        raise WeightsError(f"{start}: expected the weights of a {row.network}, got those of a {found}; "
                           "name others under the row's `weights`, imported by `pvdbench weights import`")  # fmt: skip
    if row.finetune is None:
        write_log(log, [])
        save_weights(weights, network.state_dict(), _header(network, dataset, seed, "supervised", 0))
        return 0
    finetune, masked = row.finetune, training.finetune.masked
    where = Where(dataset, weights, log, checkpoints, seed, device, processes)

    def loss(network: MotionNetwork, batch: Batch) -> Tensor:
        return warping_loss(network, batch, finetune, masked=masked)

    _train(network, training.finetune, where, loss, finetune.model_dump())
    return training.finetune.steps


def _train(
    network: Network,
    recipe: Recipe,
    where: Where,
    loss: Callable[[Network, Batch], Tensor],
    made_by: object,
    *,
    with_flow: bool = False,
) -> None:
    header = _header(network, where.dataset, where.seed, made_by, recipe.steps)
    accelerate(network, recipe)
    trained, sequences = list(network.parameters()), Sequences(2, with_flow=with_flow)
    where.train(Task(network, trained, header, sequences, lambda batch: iter([loss(network, batch)])), recipe)


def _start_from_rest(network: LiteFlowNet) -> None:
    """Before any update: features of unit scale, no flow found, bilinear upsampling, regularization a plain average.

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


def _header(network: MotionNetwork, dataset: Path, seed: int, made_by: object, steps: int) -> dict[str, object]:
    made = {"dataset": dataset.name, "seed": seed, "made_by": made_by, "steps": steps}
    return motion_header(network) | made
