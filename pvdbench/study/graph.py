"""The graph of a study's stages as DVC has it, those of other files that the study needs among them.

DVC has no documented way to ask for more than one stage at a time without a second for each command, so this module
and recorder.py use its Python classes; tests/pipeline/test_repro.py holds what they do against `dvc repro`.
"""

import json
import sqlite3
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

import networkx as nx
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK

from pvdbench.core.errors import StudyError, shorten
from pvdbench.core.notice import notice

_BETWEEN = 0.5  # seconds between two attempts to get DVC's lock

DVC_ERRORS = (DvcException, OSError, sqlite3.Error)
"""What DVC raises where it cannot read or write something; it keeps what it knows of files in SQLite."""


@dataclass(frozen=True)
class Graph:
    """Stages and what each needs.

    Attributes:
        folder: the study's.
        repo: DVC's repository, which holds the study.
        stages: name to DVC's own stage, in an order in which each follows what it needs. A stage of the study goes by
            the name that `dvc repro` takes in its folder; one of another file by FILE:NAME, such as data/dvc.yaml:su.
        needs: name to the names of the stages whose outputs it reads.
    """

    folder: Path
    repo: Repo
    stages: Mapping[str, Any]
    needs: Mapping[str, frozenset[str]]

    def after(self, names: Iterable[str]) -> set[str]:
        """Find every stage that needs one of these, directly or through others."""
        found, changed = set(names), True
        given = set(found)
        while changed:
            more = {name for name, needed in self.needs.items() if name not in found and needed & found}
            changed = bool(more)
            found |= more
        return found - given

    def longest(self, seconds: Mapping[str, float]) -> dict[str, float]:
        """For each stage, the seconds of the longest chain that begins with it: what cannot run side by side.

        Args:
            seconds: of each stage.
        """
        chain: dict[str, float] = {}
        for name in reversed(list(self.stages)):
            following = [chain[later] for later in chain if name in self.needs[later]]
            chain[name] = seconds[name] + max(following, default=0.0)
        return chain


def read_graph(study: Path, only: Iterable[str] = ()) -> Graph:
    """Read the graph of a study.

    Args:
        only: patterns of stage names (train-deblur@bimc-pv, score-*) or kinds (train-deblur): these stages and what
            they need, as `dvc repro STAGES` has it; all, if empty.

    Raises:
        StudyError: outside a DVC repository, if DVC cannot read the study, or a pattern names no stage.
    """
    study = study.resolve()
    try:
        repo = Repo(str(study))
        with locked(repo, study):
            _drop_half_rwlock(repo)
            of_study = [stage for stage in repo.index.stages if Path(stage.path) == study / "dvc.yaml"]
            whole = get_active_graph(repo.index.graph)
            wanted = _chosen(of_study, only)
            plan = plan_repro(whole, wanted)
    except DVC_ERRORS as error:
        raise StudyError(f"{study}: DVC cannot read the study: {shorten(error, 150)}; mend that, or clone pvdbench "
                         "with git") from error  # fmt: skip
    names = {stage: _name(stage, study) for stage in plan}
    within = nx.subgraph(whole, plan)
    needs = {names[stage]: frozenset(names[needed] for needed in within.successors(stage)) for stage in plan}
    return Graph(study, repo, {names[stage]: stage for stage in plan}, needs)


@contextmanager
def locked(repo: Repo, study: Path) -> Iterator[None]:
    """Hold DVC's lock, waiting for another command's end, in the study's folder, from where DVC takes some paths."""
    with ExitStack() as held:
        for attempt in count():
            try:
                held.enter_context(lock_repo(repo))
                break
            except LockError:
                if not attempt:
                    notice("another DVC command is at work in this repository; waiting for it to end")
                sleep(_BETWEEN)
            except DVC_ERRORS as error:
                let_go(error)
                raise StudyError(f"{study}: DVC cannot lock its repository: {shorten(error, 150)}; free space or mend "
                                 "the permissions of .dvc/tmp, then run again") from error  # fmt: skip
        held.enter_context(chdir(study))
        yield


def _drop_half_rwlock(repo: Repo) -> None:
    """Remove the list of who reads and writes what where a kill or a full disk left half of it: no DVC starts then."""
    path = Path(repo.tmp_dir) / RWLOCK_FILE
    if _is_json(path):
        return
    how = bool(repo.config["core"].get("hardlink_lock"))
    with suppress(LockError), make_lock(str(path.with_name(RWLOCK_LOCK)), repo.tmp_dir, hardlink_lock=how):
        if not _is_json(path):  # still, so that no other DVC was writing it
            path.unlink()
            notice(f"{path}: was damaged, as by a killed DVC or a full disk; removed, as DVC makes it anew")


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True


def let_go(error: BaseException | None) -> None:
    """Let go of a lock that DVC took and could not write to, on a full disk say: the error's frames hold it.

    Else this process would wait for itself, and Python would tell of the file when it is done with it.
    """
    while error:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            file = frame.f_locals.get("fp") if frame.f_globals.get("__name__") == "zc.lockfile" else None
            with suppress(OSError):
                if file is not None:
                    file.close()
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _chosen(targets: list[Any], only: Iterable[str]) -> list[Any]:
    patterns = list(only)
    if not patterns:
        return targets
    for pattern in patterns:
        if not list(_matching(targets, pattern)):
            kinds = ", ".join(sorted({stage.name.partition("@")[0] for stage in targets}))
            raise StudyError(f"--only {shorten(pattern, 60)}: no such stage; name one, or one of these kinds: {kinds}")
    return [stage for pattern in patterns for stage in _matching(targets, pattern)]


def _matching(targets: list[Any], pattern: str) -> Iterator[Any]:
    for stage in targets:
        if fnmatchcase(stage.name, pattern) or stage.name.partition("@")[0] == pattern:
            yield stage


def _name(stage: Any, study: Path) -> str:
    file = Path(stage.path)
    name = getattr(stage, "name", None)
    if file.parent == study and name:
        return str(name)
    relative = file.relative_to(stage.repo.root_dir)
    return f"{relative}:{name}" if name else str(relative)
