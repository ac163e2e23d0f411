"""Measure how many training sequences per second the data loader reads, from PNG and packed frames of noise."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch

from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import pack
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, write_table
from pvdbench.training.distributed import SINGLE
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import SequenceCrops, Sequences, batches

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
        dataset = _noise(Path(folder) / "noise", size, recipe.sequence + 7)
        decoded = _rate("PNG frames", dataset, recipe, batches_timed)
        pack(dataset)
        return [decoded, _rate("packed", dataset, recipe, batches_timed)]


def _noise(folder: Path, size: tuple[int, int], frames: int) -> Path:
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


def _rate(source: str, dataset: Path, recipe: SequenceRecipe, count: int) -> LoaderRate:
    crops = SequenceCrops(dataset, read_clips(dataset, "train"), recipe, Sequences(recipe.sequence), 0)
    supply = batches(crops, recipe, first=0, processes=SINGLE, device=torch.device("cpu"))
    next(supply)
    start = time.perf_counter()
    for _ in range(count):
        next(supply)
    seconds = (time.perf_counter() - start) / count
    return LoaderRate(source, recipe.batch / seconds, 1000 * seconds / recipe.sequence)
