"""Folders of frames, read in one way everywhere: files that are frames, their order, and why a row has none."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePath

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.json_file import read_json
from pvdbench.core.notice import notice
from pvdbench.io.flow_picture import is_our_picture
from pvdbench.io.frame_order import frame_numbers, kinds_of_names, names_in_order, seeming_clips
from pvdbench.io.owned import MARKER

ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi")
"""Of the files that are taken for frames, in small letters."""

_OTHER_IMAGES = frozenset(
    (".apng", ".arw", ".avif", ".bmp", ".cr2", ".cr3", ".dib", ".dng", ".dpx", ".exr", ".gif", ".hdr", ".heic", ".heif",
     ".hif", ".j2k", ".jp2", ".jpg2", ".jxl", ".mat", ".nef", ".npy", ".npz", ".pbm", ".pfm", ".pgm", ".pnm", ".ppm",
     ".psd", ".raw", ".rgb", ".sgi", ".tga", ".tif", ".tiff", ".webp")
)  # fmt: skip
"""Frames in formats that are not read: leaving them out would leave a clip with gaps."""

_FOREIGN = frozenset(
    ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "@eadir", "@recycle", "@tmp", "#recycle",
     "#snapshot", "__macosx", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
)  # fmt: skip


_DIGIT = re.compile(r"\d")


def is_foreign(path: PurePath) -> bool:
    """Tell whether a file or folder is hidden, or what Windows, macOS, disk stations and Jupyter leave behind."""
    return path.name.startswith(".") or path.name.lower() in _FOREIGN


def is_frame(path: PurePath) -> bool:
    """Tell whether a file is a frame by its name; hidden files are none (macOS writes ._00000.jpg beside)."""
    return path.suffix.lower() in ENDINGS and not is_foreign(path)


def frame_files(folder: Path) -> dict[str, Path]:
    """Map the name of each frame in a folder to its file, in order of time (frame_order says how it is found).

    What else lies there is passed over, with a notice that counts it; so are folders.

    Raises:
        DataError: if the folder is missing, a frame is a link to nothing, is there twice or of a format that is not
            read, or the names do not tell the frames' order.
    """
    listing = list_folder(folder)
    tell_passed_over(folder, [*listing.passed_over, *listing.folders])
    tell_doubts(folder, list(listing.frames))
    return listing.frames


def tell_doubts(folder: Path, names: Sequence[str]) -> None:
    """Say in notices where names, in order of time, are of several clips or kinds, or their numbers jump."""
    tell_seeming_clips(folder, names)
    kinds = kinds_of_names(names)
    if 1 < len(kinds) < len(names) and not seeming_clips(names):
        notice(f"{folder}: its frames' names are of {len(kinds)} kinds ({shorten(', '.join(kinds), 60)}); all are "
               "taken, as one clip")  # fmt: skip
    _tell_gap(folder, names)


def _tell_gap(folder: Path, names: Sequence[str]) -> None:
    """Say where the numbers of frames jump while most follow each other at one distance."""
    numbers = frame_numbers(names) if len(names) > 2 else None
    steps = [after - before for before, after in pairwise(numbers or ())]
    gaps = [t for t, step in enumerate(steps) if 2 * step >= 3 * min(steps)]  # times are a little unequal
    if gaps and 2 * len(gaps) < len(steps):
        more = f", and at {len(gaps) - 1} more places" if len(gaps) > 1 else ""
        notice(f"{folder}: by the numbers in their names, frames are missing between '{shorten(names[gaps[0]], 50)}' "
               f"and '{shorten(names[gaps[0] + 1], 50)}'{more}")  # fmt: skip


@dataclass
class Listing:
    """What a folder holds: frames by name in order, folders, and the rest."""

    folder: Path
    frames: dict[str, Path] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)


def list_folder(folder: Path) -> Listing:
    """List a folder, its frames in order of time.

    Raises:
        DataError: as frame_files.
    """
    listing, found, unread = Listing(folder), dict[str, Path](), list[Path]()
    for path in _entries(folder):
        if is_foreign(path):
            listing.passed_over.append(path)
        elif path.is_dir() and not is_frame(path):
            listing.folders.append(path)
        elif path.is_symlink() and not path.exists() and (is_frame(path) or not path.suffix[1:].isalpha()):
            raise DataError(f"{path}: this link leads to nothing; get what it names (dvc pull, git annex get), or "
                            "remove it")  # fmt: skip
        elif path.suffix.lower() in _OTHER_IMAGES:
            unread.append(path)
        elif not is_frame(path) or (path.with_suffix(".flo").is_file() and is_our_picture(path)):
            listing.passed_over.append(path)
        elif not path.is_file():
            raise DataError(f"{path}: called as a frame, and no file; put it elsewhere")
        elif path.stem in found:
            raise DataError(f"{path}: there is {found[path.stem].name}, too; keep one file per frame")
        else:
            found[path.stem] = path
    for path in unread:
        if _may_be_frame(path.stem, found, listing.folders):
            raise DataError(f"{path}: only PNG and JPEG frames are read, and this would be left out; convert it to "
                            "PNG, or put it elsewhere")  # fmt: skip
        listing.passed_over.append(path)
    listing.frames = {name: found[name] for name in names_in_order(found, folder)}
    return listing


def _may_be_frame(name: str, frames: Iterable[str], folders: Sequence[Path]) -> bool:
    """Whether an image in another format may be one of a clip: preview.gif beside numbered frames or clips is none."""
    frames = list(frames)
    return bool(_DIGIT.search(name)) or not (all(map(_DIGIT.search, frames)) if frames else folders)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        raise DataError(f"{folder}: this folder of frames is not there; fetch or unpack it again") from None
    except NotADirectoryError:
        raise DataError(f"{folder}: this is a file, where a folder of frames is needed; name one (of a video, deblur "
                        "--method input makes one)") from None  # fmt: skip
    except (OSError, ValueError) as error:  # no permission, a name that is too long or holds NUL
        raise DataError(f"{folder}: cannot be read ({shorten(error, 80)}); correct the path or its "
                        "permissions") from error  # fmt: skip


def tell_passed_over(folder: Path, passed_over: Iterable[Path]) -> None:
    """Say in a notice how many files and folders below one were passed over, and which, but for pvdbench's own mark."""
    names = [path.name + "/" * path.is_dir() for path in passed_over if path.name != MARKER]
    if names:
        notice(f"{folder}: {len(names)} passed over that {'is no frame' if len(names) == 1 else 'are no frames'}: "
               f"{shorten(', '.join(dict.fromkeys(names)), 100)}")  # fmt: skip


def tell_seeming_clips(folder: Path, names: Iterable[str]) -> None:
    """Say in a notice that a folder counts as one clip, where its frames' names are those of several."""
    if clips := seeming_clips(names):
        notice(f"{folder}: counts as one clip, though by their names its frames are of {len(clips)} "
               f"({shorten(', '.join(clips), 60)}); put each into a folder of its own")  # fmt: skip


_FILE = "failed.json"


def write_failure(folder: Path, reason: str) -> None:
    """Write the reason into the row's folder."""
    (folder / _FILE).write_text(json.dumps({"reason": reason}) + "\n", encoding="utf-8")


def read_failure(folder: Path) -> str:
    """Read the reason from a row's folder; empty where the row has its frames.

    Raises:
        DataError: if the file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return ""
    return read_json(path, _Failure, "not JSON with a reason", "run the row again").reason


@dataclass(frozen=True)
class _Failure:
    reason: str
