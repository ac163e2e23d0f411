"""Where the frames of each published data set lie in its archive: as its authors packed it, and as PVDNet's did."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.errors import DataError


@dataclass(frozen=True)
class Place:
    """A folder of videos; split is None where the folder does not tell."""

    folder: str
    split: str | None
    blurry: str
    sharp: str | None


@dataclass(frozen=True)
class Published:
    """A data set as splits.csv names it, in every layout that it is known in."""

    splits: str
    archive: str  # the data set whose archive holds it
    layouts: tuple[tuple[Place, ...], ...]


def _halves(train: str, test: str, blurry: str, sharp: str) -> tuple[Place, Place]:
    return Place(train, "train", blurry, sharp), Place(test, "test", blurry, sharp)


PUBLISHED: Mapping[str, Published] = {
    "su": Published(
        "su",
        "su",
        ((Place("quantitative_datasets", None, "input", "GT"),), _halves("train_DVD", "test_DVD", "input", "GT")),
    ),
    "nah": Published(  # the paper's: gamma-encoded blur
        "nah",
        "nah",
        (_halves("train", "test", "blur_gamma", "sharp"), _halves("train_nah", "test_nah", "blur_gamma", "sharp")),
    ),
    "nah-linear": Published("nah", "nah", (_halves("train", "test", "blur", "sharp"),)),
    "real": Published("real", "su", ((Place("qualitative_datasets", "test", "input", None),),)),
}
"""`nah` and `nah-linear` are two data sets of one archive: results on the one do not compare with the other's."""


@dataclass(frozen=True)
class FoundVideo:
    """The folders of one video; sharp is None where there is no truth, split where the layout does not tell."""

    video: str
    split: str | None
    blurry: Path
    sharp: Path | None


def find_videos(name: str, folder: Path) -> dict[str, FoundVideo]:
    """The videos of a published data set, in the first of its layouts that folder, or a folder in it, has.

    Args:
        name: a key of PUBLISHED.
        folder: the unpacked archive.

    Raises:
        DataError: if no layout is there, or a video is in two places.
    """
    published = PUBLISHED[name]
    inner = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for base in (folder, *inner):  # archives wrap their folders in one more, or not
        for places in published.layouts:
            if any(base.joinpath(place.folder).is_dir() for place in places):
                return _videos(base, places)
    expected = " or ".join("+".join(place.folder for place in places) for places in published.layouts)
    raise DataError(f"{folder}: expected {expected} of '{name}', found none; "
                    f"run `pvdbench datasets fetch {published.archive}` or name its folder by --folder")  # fmt: skip


def _videos(base: Path, places: tuple[Place, ...]) -> dict[str, FoundVideo]:
    found: dict[str, FoundVideo] = {}
    for place in places:
        top = base / place.folder
        for path in sorted(top.iterdir()) if top.is_dir() else []:
            if not path.is_dir():
                continue
            if path.name in found:
                raise DataError(f"{path}: expected each video once, got it in {found[path.name].blurry.parent}, too; "
                                "remove one of the two")  # fmt: skip
            sharp = path / place.sharp if place.sharp else None
            found[path.name] = FoundVideo(path.name, place.split, path / place.blurry, sharp)
    return found
