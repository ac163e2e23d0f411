"""Where each frame of a data set lies: manifest.csv, which every later stage reads."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.images import frame_size
from pvdbench.io.tables import MANIFEST, read_table


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
        """The sharp frame.

        Raises:
            DataError: if the data set has none, as the real videos of Sec. 4.6.
        """
        if self.truth is None:
            raise DataError(f"{self.blurry}: expected a sharp frame beside it, the data set has none; "
                            "deblur it, but train and score on one with truth")  # fmt: skip
        return self.truth


@dataclass(frozen=True)
class ClipFiles:
    """One video of a data set, its frames in order."""

    video: str
    frames: tuple[FrameFiles, ...]


def read_clips(folder: Path, split: str) -> list[ClipFiles]:
    """The clips of one split, sorted by name, after a look at every file's header.

    Args:
        folder: a data set's folder, holding manifest.csv.
        split: "train" or "test".

    Raises:
        DataError: if the data set or a frame is missing, damaged, or blurry and sharp differ in size.
    """
    if not (folder / "manifest.csv").exists():
        raise DataError(f"{folder}: expected a data set with manifest.csv, found none; "
                        f"run `dvc repro data/dvc.yaml:{folder.name}`")  # fmt: skip
    table = read_table(folder / "manifest.csv", MANIFEST)
    clips = [
        ClipFiles(str(video), tuple(_frame(folder, row) for row in rows.sort_values("frame").itertuples()))
        for video, rows in table[table["split"] == split].groupby("video", sort=True)
    ]
    if not clips:
        raise DataError(f"{folder}: expected clips of split '{split}', found none; see {folder / 'manifest.csv'}")
    for clip in clips:
        _check_sizes(clip)
    return clips


def _frame(folder: Path, row: object) -> FrameFiles:
    def optional(value: object) -> Path | None:
        return None if pd.isna(value) else folder / str(value)  # type: ignore[call-overload]

    return FrameFiles(row.frame, folder / row.blurry, optional(row.sharp), optional(row.flow), optional(row.occlusion))  # type: ignore[attr-defined]


def _check_sizes(clip: ClipFiles) -> None:
    first = frame_size(clip.frames[0].blurry)
    for frame in clip.frames:
        for path in filter(None, (frame.blurry, frame.truth)):
            if (size := frame_size(path)) != first:
                raise DataError(f"{path}: expected {first[0]}x{first[1]} as {clip.frames[0].blurry}, "
                                f"got {size[0]}x{size[1]}; restore or make it again")  # fmt: skip
