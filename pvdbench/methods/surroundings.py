"""What a method's process sees around it: a folder of its own, and nothing that names the data set or the study."""

import fcntl
import multiprocessing.process
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import chdir, contextmanager, suppress
from pathlib import Path

_OWN = "pvdbench-work-"
_PLACES = ("PWD", "OLDPWD", "VIRTUAL_ENV")
_PREFIXES = ("DVC_", "GIT_")
_SEARCHED = ("PATH", "LD_LIBRARY_PATH", "HOME")
"""What programs need to be found at all, and where they keep what they download."""


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make a temporary folder, which goes away however the block ends; one whose process was killed goes by the next.

    A lock on each says that its process, or one that it forked, still runs, be it of another container.
    """
    _remove_abandoned()
    while True:
        with tempfile.TemporaryDirectory(prefix=_OWN, ignore_cleanup_errors=True) as name:
            folder = Path(name).resolve()
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if folder.exists():  # or it was taken for an abandoned one before it was locked
                    yield folder
                    return
            finally:
                os.close(lock)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_OWN}????????"):
        with suppress(OSError):  # another user's, or gone meanwhile
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def telling_variables(away: Collection[Path]) -> dict[str, str]:
    """Find the environment variables that name one of these folders, or where the command was started.

    Args:
        away: the data set's folder, the study's and the like.

    Returns: each with what may stay of it: the entries of a list of paths that name none; empty for nothing.
    """
    folders = {str(path) for folder in away for path in (folder.absolute(), folder.resolve())}
    found = {}
    for name, value in os.environ.items():
        if name in _PLACES or name.startswith(_PREFIXES):
            found[name] = ""
        elif name not in _SEARCHED:
            entries = value.split(os.pathsep)
            kept = [entry for entry in entries if not _tells(entry, folders)]
            if len(kept) < len(entries) or any(folder in value for folder in folders):
                found[name] = os.pathsep.join(kept)
    return found


def _tells(entry: str, folders: Collection[str]) -> bool:
    """Tell whether a value names one of the folders, also by a link, or by a path from where the command started."""
    if any(folder in entry for folder in folders):
        return True
    try:
        place = str(Path(entry).resolve()) if os.sep in entry and Path(entry).exists() else ""
    except (OSError, ValueError):  # no path
        return False
    return any(f"{place}{os.sep}".startswith(f"{folder}{os.sep}") for folder in folders)


@contextmanager
def started_from(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Within the block, start processes in a folder and with some environment variables changed, or gone if empty."""
    kept = {name: os.environ[name] for name in variables if name in os.environ}
    _change(variables)
    try:
        with chdir(folder):
            yield
    finally:
        os.environ.update(kept)


def _change(variables: Mapping[str, str]) -> None:
    for name, left in variables.items():
        os.environ.pop(name, None)
        if left:
            os.environ[name] = left


def settle(folder: str, variables: Mapping[str, str]) -> None:
    """In the method's process: work in its own folder, and forget how and where the command was started."""
    os.chdir(folder)
    _change(variables)
    sys.argv[:] = sys.argv[:1] and ["pvdbench"]
    sys.orig_argv[:] = []
    vars(multiprocessing.process)["ORIGINAL_DIR"] = folder
    tempfile.tempdir = os.environ["TMPDIR"] = folder
