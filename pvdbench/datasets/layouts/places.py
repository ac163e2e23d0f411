"""What the names of folders say of the frames in them: split, video, and whether they are blurry or sharp."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pvdbench.core.errors import DataError

BLURRY = ("blur", "blur_gamma", "input", "blurry", "blurred", "lq")
SHARP = ("sharp", "gt", "target", "truth", "ground_truth", "groundtruth", "hq")
"""Names of the folders of blurry and of sharp frames, in small letters; any case is taken."""

Split = Literal["train", "val", "test"]
_SPLITS: dict[str, Split] = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
                             "test": "test", "testing": "test"}  # fmt: skip
_PICTURES, _SENSOR = "rgb", "raw"
"""Of BSD: below a kind's folder the frames, and beside them what the sensor saw, which is not read."""


@dataclass(frozen=True)
class Place:
    """A folder of frames.

    Attributes:
        kind: one of BLURRY or SHARP, or "" where no folder's name says so.
        names: of the folders that say neither split nor kind, the last of them a video's.
        home: the folder around the kind's where the frames are right in that, else None: VIDEO of VIDEO/KIND.
    """

    path: Path
    split: Split | None
    kind: str
    names: tuple[str, ...]
    home: Path | None

    @property
    def blurry(self) -> bool:
        """Whether its frames are blurry ones."""
        return self.kind in BLURRY


def place_of(folder: Path, path: Path) -> Place:
    """Read the names of the folders that lead from a data set's folder to one of frames.

    Raises:
        DataError: if two of them name different splits or kinds. (Unpacked into folders of their own names, archives
            say both twice.)
    """
    split: Split | None = None
    kind, names, home = "", list[str](), None
    parts = path.relative_to(folder).parts
    for number, part in enumerate(parts):
        named, of_kind = role(part)
        if (kind and of_kind not in ("", kind)) or (split and named not in (None, split)):
            raise DataError(f"{path}: two of its folders say what its frames are, {part} the second; rename one, or "
                            "name the folder in it")  # fmt: skip
        if of_kind:
            kind, home = of_kind, folder.joinpath(*parts[:number])
        elif home and part.casefold() in (_PICTURES, _SENSOR):
            kind = kind if part.casefold() == _PICTURES else ""
        elif not named:
            names, home = [*names, part], None
        split = split or named
    return Place(path, split, kind, tuple(names), home)


def role(part: str) -> tuple[Split | None, str]:
    """Say which split and which kind a folder's name says, as train_blur says both."""
    word = re.sub(r"[- ]", "_", part.strip().casefold())
    if word in (*BLURRY, *SHARP):
        return None, word
    if word in _SPLITS:
        return _SPLITS[word], ""
    for split, kind in (word.split("_", 1), word.rsplit("_", 1)[::-1]) if "_" in word else ():
        if split in _SPLITS and kind in (*BLURRY, *SHARP):
            return _SPLITS[split], kind
    return None, ""
