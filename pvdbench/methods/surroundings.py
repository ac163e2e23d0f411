"""What a method's process sees around it: a folder of its own, and nothing that names the data set or the study."""

import multiprocessing.process
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

_PLACES = ("PWD", "OLDPWD", "VIRTUAL_ENV")
_PREFIXES = ("DVC_", "GIT_")
_SEARCHED = ("PATH", "LD_LIBRARY_PATH", "HOME")
"""What programs need to be found at all, and where they keep what they download."""


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder for a method's process, which goes away however the process ends."""
    with tempfile.TemporaryDirectory(prefix="pvdbench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


def telling_variables(away: Collection[Path]) -> tuple[str, ...]:
    """List the environment variables that name one of these folders, or where the command was started.

    Args:
        away: the data set's folder, the study's and the like.
    """
    folders = {str(path) for folder in away for path in (folder.absolute(), folder.resolve())}
    return tuple(
        name
        for name, value in os.environ.items()
        if name not in _SEARCHED
        and (name in _PLACES or name.startswith(_PREFIXES) or any(folder in value for folder in folders))
    )


@contextmanager
def started_from(folder: Path, without: Collection[str]) -> Iterator[None]:
    """Within the block, start processes in a folder and without some environment variables."""
    kept = {name: os.environ.pop(name) for name in without if name in os.environ}
    try:
        with chdir(folder):
            yield
    finally:
        os.environ.update(kept)


def settle(folder: str, without: Collection[str]) -> None:
    """In the method's process: work in its own folder, and forget how and where the command was started."""
    os.chdir(folder)
    for name in without:
        os.environ.pop(name, None)
    sys.argv[:] = sys.argv[:1] and ["pvdbench"]
    sys.orig_argv[:] = []
    vars(multiprocessing.process)["ORIGINAL_DIR"] = folder
    tempfile.tempdir = os.environ["TMPDIR"] = folder
