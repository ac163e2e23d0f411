"""Measure the speed of training (updates per second) and of its data loader (sequences per second)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import pack
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, write_table
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import Finetune, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.distributed import SINGLE
from pvdbench.training.loop import Run, optimise
from pvdbench.training.motion_losses import warping_loss
from pvdbench.training.params import MotionRecipe, Recipe, SequenceRecipe
from pvdbench.training.sampling import Batch, SequenceCrops, Sequences, batches
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
    accelerate(model.deblur, deblur)
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
    """Time updates through the training loop itself."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    clock = _Clock(_WARM, updates, device)
    short = recipe.model_copy(update={"steps": _WARM + updates, "checkpoint_every": 0})

    def timed(batch: Batch) -> Iterator[Tensor]:
        for loss in losses(batch):
            clock.tick()
            yield loss

    def supply(first: int) -> Iterator[Batch]:  # noqa: ARG001
        while True:
            yield batch

    with TemporaryDirectory() as folder:
        run = Run(name, network, short, Path(folder) / "log.csv", Path(folder) / "checkpoint", {})
        optimise(run, supply, timed)
    rate = updates / clock.stop()
    return Rate(name, rate, _memory_gib(device), recipe.steps / rate / 3600)


@dataclass
class _Clock:
    """Measures the time of updates, from the first one after those that warm up."""

    warm: int
    updates: int
    device: torch.device
    seen: int = 0
    start: float = 0.0

    def tick(self) -> None:
        if self.seen == self.warm:
            self._synchronise()
            self.start = time.perf_counter()
        self.seen += 1

    def stop(self) -> float:
        """Seconds of the timed updates."""
        self._synchronise()
        return time.perf_counter() - self.start

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _memory_gib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return float("nan")


_CLIPS, _GRAIN = 2, 8  # pixels of a grain's side


@dataclass(frozen=True)
class LoaderRate:
    """What the frames were read from, sequences per second, and the milliseconds of an update that it keeps up with."""

    source: str
    sequences_per_second: float
    ms_per_update: float


def loader_rates(recipe: SequenceRecipe, *, size: tuple[int, int], batches_timed: int) -> list[LoaderRate]:
    """Time the batches of a recipe, by its crop, sequence and workers.

    Args:
        size: width and height of the frames.
        batches_timed: how many, after one to start the workers.
    """
    with TemporaryDirectory() as folder:
        dataset = _noise_dataset(Path(folder) / "noise", size, recipe.sequence + 7)
        decoded = _loader_rate("PNG frames", dataset, recipe, batches_timed)
        pack(dataset)
        return [decoded, _loader_rate("packed", dataset, recipe, batches_timed)]


def _noise_dataset(folder: Path, size: tuple[int, int], frames: int) -> Path:
    """Write a data set of coarse noise, which compresses about as well as photographs."""
    rng, (width, height) = np.random.default_rng(0), size
    rows = []
    for clip in range(_CLIPS):
        for t in range(frames):
            coarse = rng.integers(0, 256, (height // _GRAIN + 1, width // _GRAIN + 1, 3), np.uint8)
            frame = coarse.repeat(_GRAIN, 0).repeat(_GRAIN, 1)[:height, :width] // 2
            frame += rng.integers(0, 32, frame.shape, np.uint8)
            paths = [f"{clip}/{kind}/{t:05d}.png" for kind in ("input", "GT")]
            for path in paths:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                write_frame(folder / path, frame)
            rows.append((str(clip), "train", f"{t:05d}", *paths, None, None, width, height))
    write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
    return folder


def _loader_rate(source: str, dataset: Path, recipe: SequenceRecipe, count: int) -> LoaderRate:
    crops = SequenceCrops(dataset, read_clips(dataset, "train"), recipe, Sequences(recipe.sequence), 0)
    supply = batches(crops, recipe, first=0, processes=SINGLE, device=torch.device("cpu"))
    next(supply)
    start = time.perf_counter()
    for _ in range(count):
        next(supply)
    seconds = (time.perf_counter() - start) / count
    return LoaderRate(source, recipe.batch / seconds, 1000 * seconds / recipe.sequence)
