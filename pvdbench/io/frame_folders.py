"""Folders of frames: which files are frames, in which order, and the reason that stands in place of frames."""

import json
from collections.abc import Iterable
from pathlib import Path, PurePath

from pvdbench.core.errors import DataError

ENDINGS = (".png", ".jpg", ".jpeg")
"""Of the files that are taken for frames, in small letters."""


def is_frame(path: PurePath) -> bool:
    """Tell whether a file is a frame by its name; hidden files are none (macOS writes ._00000.jpg beside)."""
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def frames_by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Map the name of each frame, without its ending, to its file, sorted by file name; other files are left out.

    Raises:
        DataError: if one frame is there in two formats.
    """
    found: dict[str, Path] = {}
    for path in sorted(path for path in paths if is_frame(path)):
        if path.stem in found:
            raise DataError(f"{path}: this frame is there a second time, as {found[path.stem].name}; remove one")
        found[path.stem] = path
    return found


def frame_files(folder: Path) -> dict[str, Path]:
    """Map the name of each frame in a folder to its file, sorted by file name.

    Raises:
        DataError: if the folder is missing, or holds one frame in two formats.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: this folder of frames is not there; fetch or unpack it again")
    return frames_by_name(folder.iterdir())


_FILE = "failed.json"


def write_failure(folder: Path, reason: str) -> None:
    """Write the reason into the row's folder."""
    (folder / _FILE).write_text(json.dumps({"reason": reason}) + "\n")


def read_failure(folder: Path) -> str:
    """Read the reason from a row's folder; empty where the row has its frames.

    Raises:
        DataError: if the file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return ""
    try:
        return str(json.loads(path.read_text())["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not JSON with a reason ({error}); run the row again") from error
