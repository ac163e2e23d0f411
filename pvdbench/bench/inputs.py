"""What parts are measured on: frames and data sets that are made here, the same on every machine."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from pvdbench.io.images import Frame, write_frame
from pvdbench.io.tables import MANIFEST, write_table

_NOISE = 4.0  # of 255, between an estimate and its truth
_CLIPS, _GRAIN = 2, 8  # pixels of a grain's side


def sharp_frames(width: int, height: int, count: int) -> list[Frame]:
    """Make smooth noise from 20 to 220 that moves by a pixel to the right from frame to frame."""
    image = gaussian_filter(np.random.default_rng(0).random((height, width + count, 3)), (1.5, 1.5, 0))
    scene = ((image - image.min()) / np.ptp(image) * 200 + 20).astype(np.uint8)
    return [np.ascontiguousarray(scene[:, count - t : count - t + width]) for t in range(count)]


def estimate_of(truth: Frame, seed: int = 1) -> Frame:
    """Make a noisy, darker copy that is a pixel too low and two too far left, as registration must find."""
    darker = np.roll(truth, (1, -2), (0, 1)) * 0.95
    noise = np.random.default_rng(seed).normal(0, _NOISE, truth.shape)
    return np.clip(darker + noise, 0, 255).astype(np.uint8)


def scored_dataset(folder: Path, width: int, height: int, count: int) -> tuple[Path, Path]:
    """Write a data set of one test clip and a row's estimates of it.

    Returns: the folders of the data set and of the estimates.
    """
    rows, estimates = [], folder / "estimates"
    for name in ("clip/input", "clip/GT"):
        (folder / "data" / name).mkdir(parents=True)
    (estimates / "clip").mkdir(parents=True)
    for t, sharp in enumerate(sharp_frames(width, height, count)):
        blurry, truth = f"clip/input/{t:05d}.png", f"clip/GT/{t:05d}.png"
        write_frame(folder / "data" / blurry, estimate_of(sharp, 100 + t))
        write_frame(folder / "data" / truth, sharp)
        write_frame(estimates / "clip" / f"{t:05d}.png", estimate_of(sharp, t))
        rows.append(("clip", "test", f"{t:05d}", blurry, truth, None, None, width, height))
    _write_manifest(folder / "data", rows)
    return folder / "data", estimates


def training_dataset(folder: Path, width: int, height: int, frames: int) -> Path:
    """Write a data set of two training clips of coarse noise, which compresses about as well as photographs."""
    rng, rows = np.random.default_rng(0), []
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
    _write_manifest(folder, rows)
    return folder


def _write_manifest(folder: Path, rows: Sequence[tuple[object, ...]]) -> None:
    write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
