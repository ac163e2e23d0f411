"""Walk the folders of a stranger's data set: links are entered, what systems leave behind is passed over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.io.frame_folders import is_foreign, is_frame


@dataclass(frozen=True)
class Folder:
    """A folder below a data set's: whether frames lie right in it, and which other files, folders and foreign
    ones do."""

    path: Path
    frames: bool
    others: tuple[Path, ...]
    folders: tuple[Path, ...]
    foreign: tuple[Path, ...]


def folders_of(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Folder]:
    """List a folder and all below it, links included, sorted; none where it is not there.

    Args:
        above: the folders that lead there, as they really lie.

    Raises:
        DataError: if a link leads nowhere, or to a folder that it lies in.
    """
    if not folder.is_dir():
        return
    here = folder.resolve()
    if here in above:
        raise DataError(f"{folder}: this link leads to a folder that it lies in; remove it")
    there = sorted(folder.iterdir())
    entries = [path for path in there if not is_foreign(path)]
    if lost := next((path for path in entries if not path.exists()), None):
        raise DataError(f"{lost}: this link leads to nothing; get what it names (`dvc pull`), or remove it")
    folders = tuple(path for path in entries if path.is_dir())
    files = [path for path in entries if not path.is_dir()]
    others = tuple(path for path in files if not is_frame(path))
    yield Folder(folder, len(others) < len(files), others, folders, tuple(filter(is_foreign, there)))
    for below in folders:
        yield from folders_of(below, (*above, here))
