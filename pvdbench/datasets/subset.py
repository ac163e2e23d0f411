"""Make a part of a data set a data set of its own: fewer videos, fewer frames or a crop of them."""

import json
import shutil
from collections.abc import Hashable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.json_file import read_json
from pvdbench.datasets.manifest import read_manifest
from pvdbench.datasets.params import Subset
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.flow import read_flow, write_flow
from pvdbench.io.images import read_frame, read_mask, write_frame, write_mask
from pvdbench.io.tables import MANIFEST, write_table

NOTE = "subset.json"
"""The file by which a data set says that it is a part of another."""
Scalar = TypeVar("Scalar", bound=np.generic)
_FILES = ("blurry", "sharp", "flow", "occlusion")


def take_subset(whole: Path, subset: Subset, out: Path) -> None:
    """Write out/: the first videos of each split, their first frames, a centred crop, copied from whole.

    Args:
        whole: a data set's folder, holding manifest.csv.

    Raises:
        DataError: if the data set is missing, or holds less than the subset asks for.
        WriteError: if the disk is full.
    """
    table = read_manifest(whole / "manifest.csv").sort_values(["split", "video", "frame"])
    if subset.videos is not None:
        table = pd.concat(_first_videos(whole, split, subset.videos) for _, split in table.groupby("split", sort=True))
    if subset.frames is not None:
        table = table.groupby(["split", "video"], sort=True).head(subset.frames)
    with replaced_folder(out) as folder:
        rows = [_taken(whole, folder, row, subset.size) for row in table.to_dict("records")]
        write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
        (folder / NOTE).write_text(json.dumps(subset.model_dump(), sort_keys=True) + "\n", encoding="utf-8")


def describe_subset(folder: Path) -> str | None:
    """Say what part of which data set a folder holds; None if it is a whole one.

    Raises:
        DataError: if the note that says it is damaged.
    """
    path = folder / NOTE
    try:
        note = read_json(path, Subset, "this note of a subset is damaged", "make the data set again")
    except FileNotFoundError:
        return None
    parts = [f"{note.videos} videos of each split" if note.videos else "all videos",
             f"the first {note.frames} frames of each" if note.frames else "all frames",
             f"{note.size[0]}x{note.size[1]} px from their middle" if note.size else "whole frames"]  # fmt: skip
    return f"a subset of {note.of}: {', '.join(parts)}"


def _first_videos(whole: Path, split: pd.DataFrame, count: int) -> pd.DataFrame:
    videos = sorted(split["video"].unique())
    if len(videos) < count:
        raise DataError(f"{whole}: its split '{split['split'].iloc[0]}' has {len(videos)} videos, not {count}; lower "
                        "`videos` of the subset")  # fmt: skip
    return split[split["video"].isin(videos[:count])]


def _taken(whole: Path, out: Path, row: Mapping[Hashable, Any], size: tuple[int, int] | None) -> dict[Hashable, Any]:
    """Copy or crop the files of one row of the manifest; return its row in the new one."""
    new = dict(row)
    for kind in _FILES:
        if not isinstance(row[kind], str):
            continue
        if ".." in PurePosixPath(row[kind]).parts:  # its copy would lie outside of out
            raise DataError(f"{whole / 'manifest.csv'}: '{shorten(row[kind])}' is no file in the data set; take a "
                            "part of one that holds its frames")  # fmt: skip
        source = whole / row[kind]
        target = (out / str(row[kind])).with_suffix(source.suffix if size is None or kind == "flow" else ".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        new[kind] = target.relative_to(out).as_posix()
        if size is None:
            _copy(source, target)
        else:
            _crop(source, target, kind, size)
    if size is not None:
        new["width"], new["height"] = size
    return new


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise DataError(f"{source}: the manifest names this file, which is not there; fetch or make the data set again")
    shutil.copyfile(source, target)


def _crop(source: Path, target: Path, kind: str, size: tuple[int, int]) -> None:
    """Crop the middle of a frame, a flow or a mask; the true flow may point out of it."""
    if kind == "flow":
        write_flow(target, _middle(read_flow(source), size, source))
    elif kind == "occlusion":
        write_mask(target, _middle(read_mask(source), size, source))
    else:
        write_frame(target, _middle(read_frame(source), size, source))


def _middle(values: NDArray[Scalar], size: tuple[int, int], source: Path) -> NDArray[Scalar]:
    (w, h), (height, width) = size, values.shape[:2]
    if w > width or h > height:
        raise DataError(f"{source}: a crop of {w}x{h} does not fit into {width}x{height}; lower `size` of the "
                        "subset")  # fmt: skip
    y, x = (height - h) // 2, (width - w) // 2
    return values[y : y + h, x : x + w]
