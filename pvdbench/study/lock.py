"""dvc.lock, DVC's record of every stage that ran: read, and refused where it is damaged."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pvdbench.core.errors import StudyError, shorten
from pvdbench.core.whole_file import read_bytes
from pvdbench.core.yaml_file import load_yaml
from pvdbench.io.git import git

Entry = Mapping[str, Any]
"""One stage: cmd, params, and deps and outs as lists of path, hash and size."""

Lock = dict[str, Entry]
"""Stage name, as `dvc repro` takes it, to its entry."""

_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


def read_lock(folder: Path) -> Lock:
    """Read the dvc.lock of a folder.

    Raises:
        StudyError: if it is missing, or damaged, as by a process that was killed while DVC wrote it.
    """
    path = folder / "dvc.lock"
    try:
        return parse_lock(read_bytes(path), str(path))
    except FileNotFoundError:
        raise StudyError(f"{path}: not there, so nothing can be compared; run `dvc repro` first") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror}); correct its permissions") from error


def committed_lock(folder: Path, revision: str = "HEAD") -> Lock:
    """Read the dvc.lock of a folder as a revision of Git has it.

    Raises:
        StudyError: if there is no such revision, it has no such file, or the file is damaged.
    """
    where = f"{folder / 'dvc.lock'} of {revision}"
    try:
        content = git(folder, "show", f"{revision}:./dvc.lock")
    except StudyError as error:
        git(folder, "rev-parse", "--git-dir")  # which says why, if it is no repository
        known = "not in Git's last commit, so nothing can be compared; commit it"
        if revision != "HEAD":
            known = "Git has no such revision, or none with this file; name another, or a folder"
        raise StudyError(f"{where}: {known}") from error
    return parse_lock(content, where)


def parse_lock(content: bytes, where: str) -> Lock:
    """Read the text of a dvc.lock.

    Args:
        where: it was read, for messages.

    Raises:
        StudyError: if it is damaged.
    """
    try:
        found = load_yaml(content)
        stages = dict(found["stages"])
        whole = content.endswith(b"\n") and all(_is_whole(entry) for entry in stages.values())
        reason = "" if whole else "it ends in the middle"
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = shorten(error, 60) if content.strip() else "it is empty"
    if reason:
        raise StudyError(f"{where}: damaged or not a lock file of DVC ({reason}); restore it from a good "
                         "commit, such as by `git checkout -- dvc.lock` in its folder")  # fmt: skip
    return stages


def parts(entry: Entry, key: str) -> dict[str, Mapping[str, Any]]:
    """The parts of a stage's entry under `deps` or `outs`, by path."""
    return {str(part["path"]): part for part in entry.get(key, [])}


def _is_whole(entry: Entry) -> bool:
    """Whether a stage's entry has its command, and each of its parts a path and a hash of full length."""
    return "cmd" in entry and all(_MD5.fullmatch(str(part["md5"])) for part in _hashed(entry))


def _hashed(entry: Entry) -> Iterator[Mapping[str, Any]]:
    for key in ("deps", "outs"):
        yield from parts(entry, key).values()
