"""Training of PVDNet (Sec. 3.3 and 4.1): one update a frame, the state detached, BIMNet fixed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvdbench.io.weights import load_weights
from pvdbench.networks.motion import MotionNetwork, load_motion_network
from pvdbench.networks.params import DeblurRow
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture
from pvdbench.training.distributed import ALONE, Processes
from pvdbench.training.loop import write_given, write_untrained
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Task, Where, accelerate


def train_deblurring(
    row: DeblurRow, dataset: Path, recipe: SequenceRecipe, motion: Path, weights: Path, log: Path, checkpoints: Path,
    *, given: Path | None = None, seed: int, device: torch.device, processes: Processes = ALONE,
) -> int:  # fmt: skip
    """Write the weights of one row of Tables 2 and 3, its motion network inside; none for a method without a network.

    Args:
        given: weights that others trained, which the row uses as they are.
        motion: the weights file of the row of `motion` that it starts from.
        weights, log: what is written.
        checkpoints: a folder for the run while it is half done.

    Returns: the number of updates made.
    """
    if given is not None:
        return write_given(given, weights, log)
    if row.network is None:
        return write_untrained(weights, log, row.method)
    torch.manual_seed(seed)
    model = VideoDeblurrer(row.network, _motion(motion)).to(device)
    initialise(model.deblur, recipe.start)
    trained = list((model if row.network.train_motion else model.deblur).parameters())
    where = Where(dataset, weights, log, checkpoints, seed, device, processes)
    header = {**architecture(model), "dataset": dataset.name, "seed": seed, "steps": recipe.steps}
    accelerate(model.deblur, recipe)
    task = Task(model, trained, header, _sequences(recipe), lambda batch: sequence_losses(model, batch, recipe))
    where.train(task, recipe)
    return recipe.steps


def _sequences(recipe: SequenceRecipe) -> Sequences:
    """The released code loads a frame more at each end, so that the first has a past and the last a future."""
    around = 1 if recipe.initial_state == "previous" else 0
    return Sequences(recipe.sequence, around=around, fixed=recipe.windows == "fixed", noise=recipe.noise)


def sequence_losses(model: VideoDeblurrer, batch: Batch, recipe: SequenceRecipe) -> Iterator[Tensor]:
    """The difference of each frame of the sequences from the truth; no gradient passes from one to the next."""
    blurry, sharp = batch["blurry"] * 2 - 1, batch["sharp"] * 2 - 1
    last = blurry.shape[1] - 1
    around = (last + 1 - recipe.sequence) // 2
    difference = F.l1_loss if recipe.loss == "l1" else F.mse_loss
    state = blurry[:, 0]  # Sec. 4.1: the first frame of a sequence is its own past; released: the frame before it
    for t in range(around, last + 1 - around):
        frames = blurry[:, max(t - 1, 0)], blurry[:, t], blurry[:, min(t + 1, last)]
        with torch.autocast(blurry.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            output = model(*frames, state, sharp[:, t])
        yield difference(output.float(), sharp[:, t])
        state = output.detach().float()


def _motion(path: Path) -> MotionNetwork | None:
    return None if load_weights(path)[1]["network"] is None else load_motion_network(path)


def initialise(network: nn.Module, start: Literal["identity", "xavier"]) -> None:
    """Xavier's start without bias, as the authors' code.

    identity is ours: a zero last layer and small residual blocks, too, so that the output starts as its input.
    Otherwise a short training first learns to do no harm, by features that the last ReLU cuts off for good; narrow
    networks never came back from that.
    """
    small = {"end": 0.0, "body.2": 0.1} if start == "identity" else {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            gain = next((gain for end, gain in small.items() if name == end or name.endswith(f".{end}")), 1.0)
            nn.init.xavier_uniform_(module.weight, gain=gain)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
