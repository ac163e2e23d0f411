"""Training of PVDNet (Sec. 3.3 and 4.1): one update a frame, the state detached, BIMNet fixed."""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.core.weights import load_weights, save_weights
from pvdbench.datasets.manifest import read_clips
from pvdbench.deblur.params import DeblurRow
from pvdbench.deblur.recurrence import VideoDeblurrer, architecture
from pvdbench.motion.estimator import load_liteflownet
from pvdbench.motion.liteflownet import LiteFlowNet
from pvdbench.training.crops import Batch, batches
from pvdbench.training.loop import optimise, write_untrained
from pvdbench.training.params import SequenceRecipe


def train_deblurring(
    row: DeblurRow, dataset: Path, recipe: SequenceRecipe, motion: Path, weights: Path, log: Path,
    *, seed: int, device: torch.device,
) -> int:  # fmt: skip
    """Write the weights of one row of Tables 2 and 3, its motion network inside; none for a method without a network.

    Args:
        motion: the weights file of the row of `motion` that it starts from.
        weights, log: what is written.

    Returns: the number of updates made.
    """
    if row.network is None:
        return write_untrained(weights, log, row.method)
    torch.manual_seed(seed)
    model = VideoDeblurrer(row.network, _motion(motion)).to(device)
    _start_from_identity(model.deblur)
    trained = model.parameters() if row.network.train_motion else model.deblur.parameters()
    supply = batches(read_clips(dataset, "train"), recipe, length=recipe.sequence, seed=seed, device=device)
    losses = (loss for batch in supply for loss in sequence_losses(model, batch))
    optimise(trained, losses, recipe, log, weights.stem)
    header = {**architecture(model), "dataset": dataset.name, "seed": seed, "steps": recipe.steps}
    save_weights(weights, model.state_dict(), header)
    return recipe.steps


def sequence_losses(model: VideoDeblurrer, batch: Batch) -> Iterator[Tensor]:
    """The mean absolute difference of each frame of the sequences; no gradient passes from one to the next."""
    blurry, sharp = batch["blurry"] * 2 - 1, batch["sharp"] * 2 - 1
    last = blurry.shape[1] - 1
    state = blurry[:, 0]  # Sec. 4.1: the first frame of a sequence is its own past
    for t in range(last + 1):
        output = model(blurry[:, max(t - 1, 0)], blurry[:, t], blurry[:, min(t + 1, last)], state)
        yield F.l1_loss(output, sharp[:, t])
        state = output.detach()


def _motion(path: Path) -> LiteFlowNet | None:
    return None if load_weights(path)[1]["network"] is None else load_liteflownet(path)


def _start_from_identity(network: nn.Module) -> None:
    """Xavier's start without bias, as the authors' code, but a zero last layer and residual blocks near the identity.

    Ours: the output starts as its input. Otherwise a short training first learns to do no harm, by features that the
    last ReLU cuts off for good; narrow networks never came back from that.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            gain = 0.0 if name == "end" else 0.1 if name.endswith("body.2") else 1.0
            nn.init.xavier_uniform_(module.weight, gain=gain)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
