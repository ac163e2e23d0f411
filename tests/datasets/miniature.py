"""The data sets of Su and Nah in small: every video by name, few small frames, in the layouts of the original archives.

A frame is a window that moves over smooth noise; blurry is the mean of its positions around the frame's middle.
"""

import io
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np
import pandas as pd
from conftest import ROOT
from PIL import Image

STEP = 4
"""Pixels from frame to frame; half of it on either side is what blurs."""


def write_splits(path: Path, frames=3) -> Path:
    """data/splits.csv with this many frames of each video, what verify expects of the miniature."""
    table = _splits().assign(frames=frames, consecutive=True)
    digits = table["first_frame"].str.len()
    last = table["first_frame"].astype(int) + frames - 1
    table["last_frame"] = [str(n).zfill(width) for n, width in zip(last, digits, strict=True)]
    table.to_csv(path, index=False, lineterminator="\n")
    return path


def write_su_archive(path: Path, frames=3, size=(64, 48)) -> Path:
    """A zip with quantitative_datasets/VIDEO/{input,GT} and qualitative_datasets/VIDEO/input; size is width, height."""
    with ZipFile(path, "w") as archive:
        for seed, (name, row) in enumerate(_videos("su", "real")):
            top = "quantitative_datasets" if row.dataset == "su" else "qualitative_datasets"
            for frame, blurry, sharp in _shots(row, frames, size, seed):
                _add(archive, f"{top}/{name}/input/{frame}.jpg", blurry)
                if row.dataset == "su":
                    _add(archive, f"{top}/{name}/GT/{frame}.jpg", sharp)
    return path


def write_nah_archive(path: Path, frames=3, size=(64, 48)) -> Path:
    """A zip with {train,test}/VIDEO/{blur,blur_gamma,sharp}; blur is in linear light; size is width, height."""
    with ZipFile(path, "w") as archive:
        for seed, (name, row) in enumerate(_videos("nah")):
            for frame, blurry, sharp in _shots(row, frames, size, seed):
                linear = 255 * (blurry / 255.0) ** 2.2
                for kind, image in {"blur": linear, "blur_gamma": blurry, "sharp": sharp}.items():
                    _add(archive, f"{row.split}/{name}/{kind}/{frame}.png", image)
    return path


def _splits():
    return pd.read_csv(ROOT / "data" / "splits.csv", dtype={"first_frame": str, "last_frame": str})


def _videos(*datasets):
    table = _splits()
    return [(row.video, row) for row in table[table["dataset"].isin(datasets)].itertuples()]


def _shots(row, frames, size, seed):
    """Name, blurry and sharp of each frame."""
    width, height = size
    texture = np.random.default_rng(seed).random((height // 2 + 1, width // 2 + frames * STEP + 1, 3))
    texture = texture.repeat(2, 0).repeat(2, 1) * 255
    for t in range(frames):
        name = str(int(row.first_frame) + t).zfill(len(row.first_frame))
        shots = [texture[:height, t * STEP + d : t * STEP + d + width] for d in range(STEP)]
        yield name, np.mean(shots, 0), shots[STEP // 2]


def _add(archive, name, image):
    """One frame; a fixed date, so that equal miniatures are equal bytes."""
    file = io.BytesIO()
    kind = {"format": "JPEG", "quality": 95} if name.endswith(".jpg") else {"format": "PNG"}
    Image.fromarray(image.astype(np.uint8)).save(file, **kind)
    archive.writestr(ZipInfo(name), file.getvalue())
