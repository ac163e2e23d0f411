"""Measure the speed of training, in updates per second."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pvdbench.bench.update import timed_updates
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import Finetune, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.motion_losses import warping_loss
from pvdbench.training.params import MotionRecipe, Recipe, SequenceRecipe
from pvdbench.training.sampling import Batch
from pvdbench.training.trainer import accelerate

_WARM = 5  # updates before the timed ones


@dataclass(frozen=True)
class Rate:
    """One line of the table: network, speed, memory, and how long the whole recipe would take."""

    network: str
    updates_per_second: float
    memory_gib: float
    hours: float


def training_rates(
    motion: MotionRecipe, deblur: SequenceRecipe, *, width: float, updates: int, device: torch.device
) -> list[Rate]:
    """Time BIMNet (Eq. 1, four pairs) and PVDNet with BIMNet fixed, on frames of noise in memory.

    Args:
        motion, deblur: the recipes; hours are for all of their steps.
        width: of both networks; 1 is the paper's.
        updates: how many to time, after a few to warm up.
    """
    network = LiteFlowNet(width).to(device)
    finetune = Finetune(loss="blur-invariant", pairs=["ss", "sb", "bs", "bb"])
    accelerate(network, motion)

    def of_motion(batch: Batch) -> Iterator[Tensor]:
        yield warping_loss(network, batch, finetune, masked=motion.masked)

    params = NetworkParams(volume="gray", width=width)
    model = VideoDeblurrer(params, LiteFlowNet(width).requires_grad_(False)).to(device)
    accelerate(model, deblur, compiled=model.deblur)
    rates = [_rate("BIMNet", network, motion, _noise(motion, 2, device), of_motion, updates, device)]
    sequences = _noise(deblur, deblur.sequence, device)

    def of_deblur(batch: Batch) -> Iterator[Tensor]:
        return sequence_losses(model, batch, deblur)

    return [*rates, _rate("PVDNet", model, deblur, sequences, of_deblur, updates, device)]


def _noise(recipe: Recipe, frames: int, device: torch.device) -> Batch:
    shape = (recipe.batch, frames, 3, *recipe.crop)
    return {kind: torch.rand(shape, device=device) for kind in ("blurry", "sharp")}


def _rate(
    name: str, network: nn.Module, recipe: Recipe, batch: Batch,
    losses: Callable[[Batch], Iterator[Tensor]], updates: int, device: torch.device,
) -> Rate:  # fmt: skip
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    timed = timed_updates(network, recipe, batch, losses, warm=_WARM, updates=updates)
    rate = 1000 / timed.milliseconds
    return Rate(name, rate, _memory_gib(device), recipe.steps / rate / 3600)


def _memory_gib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return float("nan")
