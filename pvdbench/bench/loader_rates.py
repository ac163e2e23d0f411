"""Measure the speed of training's data loader, in sequences per second."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from pvdbench.bench.inputs import training_dataset
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import pack
from pvdbench.training.distributed import SINGLE
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import SequenceCrops, Sequences, batches


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
        dataset = training_dataset(Path(folder) / "noise", *size, recipe.sequence + 7)
        decoded = _loader_rate("PNG frames", dataset, recipe, batches_timed)
        pack(dataset)
        return [decoded, _loader_rate("packed", dataset, recipe, batches_timed)]


def _loader_rate(source: str, dataset: Path, recipe: SequenceRecipe, count: int) -> LoaderRate:
    crops = SequenceCrops(dataset, read_clips(dataset, "train"), recipe, Sequences(recipe.sequence), 0)
    supply = batches(crops, recipe, first=0, processes=SINGLE, device=torch.device("cpu"))
    next(supply)
    start = time.perf_counter()
    for _ in range(count):
        next(supply)
    seconds = (time.perf_counter() - start) / count
    return LoaderRate(source, recipe.batch / seconds, 1000 * seconds / recipe.sequence)
