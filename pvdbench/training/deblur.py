"""Training of PVDNet (Sec. 3.3 and 4.1): one update per frame, the state detached, BIMNet fixed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from pvdbench.io.weights import load_weights
from pvdbench.networks.motion import MotionNetwork, load_motion_network
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture
from pvdbench.training.losses import FRAME_LOSSES
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import Batch, Sequences
from pvdbench.training.trainer import Trainer, TrainingResult, TrainingTask, accelerate

_PIXELS = 2**18
"""Of frames whose flow is estimated at once: a bound on the memory, which large crops reach frame by frame."""


def train_deblurring(params: NetworkParams, recipe: SequenceRecipe, motion: Path, trainer: Trainer) -> TrainingResult:
    """Write the weights of one row of Tables 2 and 3, its motion network inside.

    Args:
        params: the row's variant of PVDNet.
        motion: the weights file of the row of `motion` that it starts from.

    Raises:
        WeightsError: if the weights file is missing, damaged or of another network.
    """
    torch.manual_seed(trainer.seed)
    model = VideoDeblurrer(params, _motion_network(motion)).to(trainer.device)
    if model.motion is not None:
        model.motion.requires_grad_(params.train_motion)
    initialise(model.deblur, recipe.start)
    made = {"dataset": trainer.dataset.name, "seed": trainer.seed, "steps": recipe.steps}
    header = {**architecture(model), **made}
    accelerate(model, recipe, compiled=model.deblur)
    task = TrainingTask(model, header, _sequences(recipe), lambda batch: sequence_losses(model, batch, recipe))
    return trainer.train(task, recipe)


def _sequences(recipe: SequenceRecipe) -> Sequences:
    """Add a frame at each end if the recipe does, as the released code: the first has a past, the last a future."""
    margin = 1 if recipe.initial_state == "previous" else 0
    return Sequences(recipe.sequence, margin=margin, fixed=recipe.windows == "fixed", noise=recipe.noise)


def sequence_losses(model: VideoDeblurrer, batch: Batch, recipe: SequenceRecipe) -> Iterator[Tensor]:
    """Yield each deblurred frame's difference from the truth; no gradient passes from one frame to the next."""
    blurry, sharp = batch["blurry"] * 2 - 1, batch["sharp"] * 2 - 1
    last = blurry.shape[1] - 1
    margin = (last + 1 - recipe.sequence) // 2
    loss = FRAME_LOSSES[recipe.loss]
    state = blurry[:, 0]  # Sec. 4.1: the first frame of a sequence is its own past; released: the frame before it
    times = range(margin, last + 1 - margin)
    for t, flow in zip(times, _fixed_flows(model, blurry, times), strict=True):
        frames = blurry[:, max(t - 1, 0)], blurry[:, t], blurry[:, min(t + 1, last)]
        with torch.autocast(blurry.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            output = model(*frames, state, sharp[:, t], flow)
        yield loss(output.float(), sharp[:, t])
        state = output.detach().float()


def _fixed_flows(model: VideoDeblurrer, blurry: Tensor, times: Sequence[int]) -> Iterator[Tensor | None]:
    """Yield the flow (B, 2, h, w) from each frame to the one before; None where it is trained, or there is none.

    As blurry frames and a fixed network do not change with the updates, the frames of a sequence are one batch: on
    small crops most of a motion network's time goes into its coarse levels, whatever their size.
    """
    if model.motion is None or model.params.train_motion:
        yield from (None for _ in times)
        return
    batch, at_once = len(blurry), max(1, _PIXELS // blurry[:, 0, 0].numel())
    for first in range(0, len(times), at_once):
        chosen = times[first : first + at_once]
        current = torch.cat([blurry[:, t] for t in chosen])
        previous = torch.cat([blurry[:, max(t - 1, 0)] for t in chosen])
        yield from torch.split(model.flow(current, previous), batch)


def _motion_network(path: Path) -> MotionNetwork | None:
    """Read the network of a row of `motion`; None for a row that has none, such as `static`."""
    return None if load_weights(path)[1].get("network") is None else load_motion_network(path)


def initialise(network: nn.Module, start: Literal["identity", "xavier"]) -> None:
    """Set PVDNet's first weights: Xavier's without bias, as in the authors' code.

    identity is ours: besides, a zero last layer and small residual blocks, so that the output starts as its input.
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
