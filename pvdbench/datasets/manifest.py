"""Read manifest.csv, which says where each frame of a data set lies; every later stage reads it."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.images import frame_size
from pvdbench.io.tables import MANIFEST, read_table

_FILLED = ("video", "split", "frame", "blurry")
"""The columns of a manifest that are never blank."""


@dataclass(frozen=True)
class FrameFiles:
    """The files of one frame; flow and occlusion lead from this frame to the one before it."""

    name: str
    blurry: Path
    truth: Path | None
    flow: Path | None
    occlusion: Path | None

    @property
    def sharp(self) -> Path:
        """Path of the sharp frame.

        Raises:
            DataError: if the data set has none, as the real videos of Sec. 4.6.
        """
        if self.truth is None:
            raise DataError(f"{self.blurry}: this data set has no sharp frames; deblur it, but train and score on one "
                            "with truth")  # fmt: skip
        return self.truth


@dataclass(frozen=True)
class ClipFiles:
    """One video of a data set, its frames in order."""

    video: str
    frames: tuple[FrameFiles, ...]


def read_clips(folder: Path, split: str) -> list[ClipFiles]:
    """List the clips of one split, sorted by name, after reading every file's header.

    Args:
        folder: a data set's folder, holding manifest.csv.
        split: "train" or "test".

    Raises:
        DataError: if the data set or a frame is missing, damaged, or blurry and sharp differ in size.
    """
    if not (folder / "manifest.csv").exists():
        raise DataError(f"{folder}: this data set is not there: it has no manifest.csv; run "
                        f"`dvc repro data/dvc.yaml:{folder.name}`")  # fmt: skip
    table = read_table(folder / "manifest.csv", MANIFEST)
    _refuse_blanks(folder / "manifest.csv", table)
    clips = [
        ClipFiles(str(video), tuple(_frame(folder, row) for row in rows.sort_values("frame").itertuples()))
        for video, rows in table[table["split"] == split].groupby("video", sort=True)
    ]
    if not clips:
        raise DataError(f"{folder}: manifest.csv lists no clip of the split '{split}'; name another data set")
    for clip in clips:
        _check_sizes(clip)
    return clips


def _refuse_blanks(path: Path, table: pd.DataFrame) -> None:
    blank = table[list(_FILLED)].isna()
    if blank.to_numpy().any():
        row, column = next((row, column) for row in blank.index for column in _FILLED if blank.loc[row, column])
        raise DataError(f"{path}: line {row + 2}: {column} is blank; make the manifest again")


def _frame(folder: Path, row: object) -> FrameFiles:
    def optional(value: object) -> Path | None:
        return None if pd.isna(value) else folder / str(value)  # type: ignore[call-overload]

    return FrameFiles(row.frame, folder / row.blurry, optional(row.sharp), optional(row.flow), optional(row.occlusion))  # type: ignore[attr-defined]


def _check_sizes(clip: ClipFiles) -> None:
    first = frame_size(clip.frames[0].blurry)
    for frame in clip.frames:
        for path in filter(None, (frame.blurry, frame.truth)):
            if (size := frame_size(path)) != first:
                raise DataError(f"{path}: this frame is of {size[0]}x{size[1]}, {clip.frames[0].blurry} of "
                                f"{first[0]}x{first[1]}; restore or make it again")  # fmt: skip
