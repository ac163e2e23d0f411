"""The package of another revision of this repository, in a temporary folder."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from pvdbench.core.errors import ParamsError, StudyError, shorten
from pvdbench.io.git import git

TREE = Path(__file__).parents[2]
"""The folder that holds the package that runs."""


@contextmanager
def package_of(revision: str) -> Iterator[Path]:
    """Yield a folder that holds pvdbench/ as it was in a revision; Git's own files are left alone.

    Raises:
        ParamsError: if this package does not come from a Git repository, or that has no such revision of it.
    """
    if not (TREE / ".git").exists():
        raise ParamsError(f"--baseline: {TREE} is no Git repository, so it has no other revision; install pvdbench "
                          "from a clone (`pip install --editable .`)")  # fmt: skip
    try:
        commit = git(TREE, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        archive = git(TREE, "archive", "--format=zip", commit.decode().strip(), "pvdbench")
    except StudyError as error:
        raise ParamsError(f"--baseline: {TREE} has no revision '{shorten(revision, 40)}' with a folder pvdbench; name "
                          "a commit, a branch or a tag that `git log` shows") from error  # fmt: skip
    with TemporaryDirectory(prefix="pvdbench-") as folder, ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
        yield Path(folder)
