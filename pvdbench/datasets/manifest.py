"""Read manifest.csv, which says where each frame of a data set lies; every later stage reads it."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from pvdbench.core.errors import DataError, shorten
from pvdbench.datasets.names import refuse_names
from pvdbench.io.images import frame_size
from pvdbench.io.tables import MANIFEST, read_table

_FILLED = ("video", "split", "frame", "blurry")
"""The columns of a manifest that are never blank."""
_FILES = ("blurry", "sharp", "flow", "occlusion")
_KEY = ["video", "split", "frame"]
_SPLITS = ("train", "test")


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
    table = read_manifest(folder / "manifest.csv")
    clips = [
        ClipFiles(str(video), tuple(_frame(folder, row) for row in rows.sort_values("frame").itertuples()))
        for video, rows in table[table["split"] == split].groupby("video", sort=True)
    ]
    if not clips:
        raise DataError(f"{folder}: manifest.csv lists no clip of the split '{split}'; name another data set")
    for clip in clips:
        _check_sizes(clip)
    return clips


def read_manifest(path: Path) -> pd.DataFrame:
    """Read a manifest without looking at the frames that it names.

    Returns: the columns MANIFEST, in the order of its lines.
    Raises:
        DataError: by line, if a cell is blank or damaged, a split unknown, a frame there twice, a name leads elsewhere
            or has lost its zeros, or the frames' names do not sort in order of time.
    """
    table = read_table(path, MANIFEST)
    if table.empty:
        return table
    for column in _FILLED:
        _refuse(path, table[column].isna(), f"{column} is blank")
    _refuse(path, ~table["split"].isin(_SPLITS), f"its split is none of {', '.join(_SPLITS)}")
    _refuse(path, table.duplicated(_KEY), "this frame is there twice")
    _refuse(path, _without_zeros(table), "its file has zeros that its name lost (a spreadsheet changed the table)")
    for column in _FILES:
        _refuse(path, table[column].map(_is_no_file), f"{column} is no file by its path, which is relative")
    for (video, _), rows in table.groupby(["video", "split"], sort=False):
        refuse_names(path, str(video), sorted(rows["frame"]))
    return table


def _refuse(path: Path, wrong: "pd.Series[bool]", what: str) -> None:
    """Raise for the first row that is wrong."""
    if wrong.any():
        line = int(wrong.to_numpy().argmax()) + 2
        raise DataError(f"{path}: line {line}: {shorten(what, 100)}; make the manifest again")


def _is_no_file(file: object) -> bool:
    """Tell whether a cell cannot be a relative path; `verify` writes ../ where the archive is unpacked elsewhere."""
    if not isinstance(file, str):
        return False
    inner = PurePosixPath(file)
    return inner.is_absolute() or inner.name in ("", "..") or "\0" in file


def _without_zeros(table: pd.DataFrame) -> "pd.Series[bool]":
    """Tell where a frame is called 7 and its file 00007.png, or a video 1 and its folder 001."""
    stems = table["blurry"].str.replace(r"\.[^./]*$", "", regex=True).str.rpartition("/")[2]
    names = table["frame"]
    digits = names.str.isdigit() & stems.str.isdigit()
    videos = table[["video", "blurry"]].astype(str).apply(lambda row: _lost_zeros(row["video"], row["blurry"]), axis=1)
    return (digits & (stems != names) & (stems.str.lstrip("0") == names.str.lstrip("0"))) | videos.astype(bool)


def _lost_zeros(video: str, file: str) -> bool:
    folders = PurePosixPath(file).parts[:-1]
    return video.isdigit() and video not in folders and video.lstrip("0") in {part.lstrip("0") for part in folders}


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
