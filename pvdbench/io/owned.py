"""Outputs of a user's commands: what pvdbench did not write itself is replaced only where the user says so.

A folder that a command writes holds a hidden file, `.pvdbench`, with the SHA-256 of every file that was written; a file
says it in its own metadata. Stages of a study write no such files: DVC knows what is theirs.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, Field

from pvdbench.core.errors import DataError
from pvdbench.core.json_file import parse_json
from pvdbench.core.whole_file import read_bytes
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.checksum import file_sha256

MARKER = ".pvdbench"
"""The file in a folder that says which of its files pvdbench wrote."""
_NOBODYS = {".DS_Store", ".directory", "Thumbs.db", "desktop.ini", MARKER}
"""What desktops leave in every folder that was looked at, besides the ._ files of macOS; nobody misses it."""
_NOBODYS_FOLDER = "@eaDir"  # previews that a Synology disk makes by itself
_ADVICE = "move it, name another place, or replace it with --overwrite"


def check_folder(out: Path, inputs: Iterable[Path], command: str, *, overwrite: bool) -> None:
    """Refuse a folder for results that would destroy what pvdbench did not write; to be asked before the work.

    A folder that is missing or empty is free, and so is one whose files are all, to the byte, those that the same
    command wrote. With overwrite every folder is free that holds no input.

    Args:
        command: its words, such as `datasets synthesize`.

    Raises:
        DataError: naming a file that is not ours, or the input that lies there.
    """
    _refuse_inputs(out, inputs)
    _refuse_below_a_file(out)
    if not out.exists():
        return
    if os.path.ismount(behind_links(out)):
        raise DataError(f"{out}: this is a whole disk, which cannot be replaced; name a folder in it")
    if behind_links(out) in (here := Path(os.path.realpath(".")), *here.parents) and out.is_dir():
        raise DataError(f"{out}: this is the folder that you are in, and it would be replaced; name a folder in it")
    if not out.is_dir():
        raise DataError(f"{out}: a file has this name, where a folder is to be written; name another place")
    if not overwrite and (foreign := next(_foreign(out, _written(out, command)), None)) is not None:
        raise DataError(
            f"{out}: '{foreign}' in it was not written by pvdbench {command} or was changed since; {_ADVICE}"
        )


def check_file(out: Path, inputs: Iterable[Path], *, overwrite: bool, ours: Callable[[Path], bool]) -> None:
    """Refuse a file for results that would destroy what pvdbench did not write; to be asked before the work.

    A name that is free is taken, and so is an empty file, as mktemp makes it.

    Args:
        ours: tells whether a file that is there says that pvdbench wrote it.

    Raises:
        DataError: if it is not ours, a folder, a device or an input.
    """
    _refuse_inputs(out, inputs)
    _refuse_below_a_file(out)
    if out.is_dir():
        raise DataError(f"{out}: a folder has this name, where a file is to be written; name another place")
    if out.exists() and not out.is_file():
        raise DataError(f"{out}: this is a device or a pipe, and a file is to be written; name another place")
    if out.exists() and out.stat().st_size and not overwrite and not ours(out):
        raise DataError(f"{out}: this file was not written by pvdbench or was changed since; {_ADVICE}")


@contextmanager
def owned_folder(out: Path, command: str) -> Iterator[Path]:
    """Yield an empty folder that replaces out on success, as replaced_folder, with the marker of what command wrote.

    A link keeps leading where it did: the folder behind it is replaced. Ask check_folder first.

    Raises:
        WriteError: if the disk is full or the folder cannot be written.
    """
    with replaced_folder(behind_links(out)) as folder:
        yield folder
        files = {name: file_sha256(folder / name) for name in sorted(_files(folder))}
        text = json.dumps({"written by": f"pvdbench {command}", "sha256": files}, indent=1)
        (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def changed_files(folder: Path, command: str) -> list[str]:
    """Name the files in a folder that are not as the command wrote them, or gone."""
    written = _written(folder, command)
    return sorted({*_foreign(folder, written), *(name for name in written if not (folder / name).exists())})


def behind_links(path: Path) -> Path:
    """Follow the links of a path to where it leads; one that leads to itself stays."""
    return Path(os.path.realpath(path))  # Path.resolve raises a RuntimeError for that


def _refuse_inputs(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse a place that is an input, by whatever name, or a folder that an input lies in."""
    for given in inputs:
        for path in (Path(os.path.abspath(given)), behind_links(given)):  # noqa: PTH100 - without ..
            for place in (path, *path.parents):
                if place == behind_links(out) or (out.exists() and place.exists() and place.samefile(out)):
                    what = "this is the input" if place == path else f"the input {given} lies in it"
                    raise DataError(f"{out}: {what}; name another place for the results")


def _refuse_below_a_file(out: Path) -> None:
    there = next((parent for parent in out.parents if os.path.lexists(parent)), None)
    if there is not None and there.exists() and not there.is_dir():
        raise DataError(f"{out}: {there} is a file, and {out.name} cannot lie in it; name another place")


def _foreign(folder: Path, written: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of a folder's files that are not, to the byte, those that were written."""
    for name in sorted(_files(folder)):
        if Path(name).name in _NOBODYS or Path(name).name.startswith("._"):
            continue
        path = folder / name
        if name not in written or path.is_symlink() or not path.is_file() or file_sha256(path) != written[name]:
            yield name


def _files(folder: Path) -> Iterator[str]:
    """Yield the path below folder of every file and of every link; a link to a folder is not entered."""
    for parent, folders, files in os.walk(folder, onerror=_cannot_look):
        folders[:] = [name for name in folders if name != _NOBODYS_FOLDER]
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            yield Path(parent, name).relative_to(folder).as_posix()


def _cannot_look(error: OSError) -> None:
    raise DataError(f"{error.filename}: this folder cannot be read, so whose it is ({error.strerror}); name another "
                    "place") from error  # fmt: skip


class _Marker(BaseModel):
    written_by: str = Field(alias="written by")
    sha256: dict[str, str]


def _written(folder: Path, command: str) -> dict[str, str]:
    """Read the marker: the digest of every file; empty where there is none, or another command's or a damaged one."""
    try:
        marker = parse_json(read_bytes(folder / MARKER), _Marker)
    except (OSError, ValueError):
        return {}
    return marker.sha256 if marker.written_by == f"pvdbench {command}" else {}
