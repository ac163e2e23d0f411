"""What a data-set layout registers: how its videos lie below a folder, and which of them are blurry and sharp."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.io.frame_folders import is_foreign, list_folder


@dataclass(frozen=True)
class VideoFolders:
    """The folders of one video.

    Attributes:
        split: "train" or "test", or None where the layout does not tell it.
        sharp: None where there is no truth.
        prefix: with what the names of its frames begin where several videos lie in one folder; else empty.
    """

    video: str
    split: str | None
    blurry: Path
    sharp: Path | None
    prefix: str = ""


def frames_in(folder: Path) -> dict[str, Path]:
    """Map the name of each frame in a folder to its file, as frame_files; what else lies there, `add` names once."""
    return list_folder(folder).frames


@dataclass(frozen=True)
class Layout:
    """How a data set's folders are laid out; everything that takes the name of a layout reads this.

    Attributes:
        name: as `datasets verify` and `datasets add --layout` take it.
        summary: one line for --help and the documentation.
        form: the folders, such as "{train,test}/VIDEO/{blur,sharp}".
        source: who published data in this layout, or "" where anybody may.
        videos: from a folder to its videos; none where the folder is not laid out like this.
        frames: from a folder of one video's frames to the file of each frame by its name, in order of time; a blurry
            and a sharp frame of one name are a pair.
        splits: the data set's name in data/splits.csv, which lists its videos and frames; None if no list is published.
        folder: the data set below data/ whose folder holds this one; "" for its own.
    """

    name: str
    summary: str
    form: str
    videos: Callable[[Path], Sequence[VideoFolders]]
    source: str = ""
    frames: Callable[[Path], Mapping[str, Path]] = frames_in
    splits: str | None = None
    folder: str = ""


@dataclass(frozen=True)
class Branch:
    """A folder of videos of one split: FOLDER/VIDEO/BLURRY and FOLDER/VIDEO/SHARP."""

    folder: str
    split: str | None
    blurry: str
    sharp: str | None


def train_and_test(train: str, test: str, blurry: str, sharp: str) -> tuple[Branch, Branch]:
    """Make the two branches of a data set whose splits are folders."""
    return Branch(train, "train", blurry, sharp), Branch(test, "test", blurry, sharp)


def videos_of_branches(folder: Path, variants: Sequence[Sequence[Branch]]) -> list[VideoFolders]:
    """List the videos of the first variant that a folder, or a folder in it, has.

    Args:
        variants: the ways in which the archive was packed; each is the branches of one.
    """
    for base in (folder, *subfolders(folder)):  # some archives wrap their folders in one more
        for branches in variants:
            if any(base.joinpath(branch.folder).is_dir() for branch in branches):
                return [video for branch in branches for video in _videos(base, branch)]
    return []


def subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder, sorted, but for hidden ones and those of systems; none where it is not there."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.is_dir() and not is_foreign(path)]


def _videos(base: Path, branch: Branch) -> list[VideoFolders]:
    place = base / branch.folder
    there = sorted(place.iterdir()) if place.is_dir() else []
    if lost := next((path for path in there if not path.exists() and not is_foreign(path)), None):
        raise DataError(f"{lost}: this link leads to nothing; get what it names (`dvc pull`), or remove it")
    return [
        VideoFolders(path.name, branch.split, path / branch.blurry, path / branch.sharp if branch.sharp else None)
        for path in subfolders(place)
    ]
