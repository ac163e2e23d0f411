"""Whether a study gave the committed numbers again: dvc.lock on disk beside the one of Git's last commit."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pvdbench.core.errors import StudyError
from pvdbench.study.dvc import stage_names
from pvdbench.study.study import Study

_Stages = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Verification:
    """The stages of a study, and those whose entry in dvc.lock is not the committed one.

    Attributes:
        stages: how many there are on either side.
        differing: stage to the paths that differ; empty where the entry is on one side only.
    """

    stages: int
    differing: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        """Say it in one line, then one line for each stage that differs."""
        same = f"{self.stages - len(self.differing)} of {self.stages} stages reproduce dvc.lock"
        return "\n".join([same, *(f"  {stage}: {', '.join(paths) or 'on one side only'}"
                                  for stage, paths in self.differing.items())])  # fmt: skip


def verify_study(study: Study) -> Verification:
    """Compare the stages of the study, and those that made its data sets, with the commit.

    Raises:
        StudyError: if no dvc.lock is committed, or one cannot be read.
    """
    data, used = study.root / "data", set(stage_names(study.folder))  # the lock keeps stages that are no more
    now, committed = ({name: entry for name, entry in lock.items() if name in used}
                      for lock in (_lock(study.folder), _committed_lock(study.folder)))  # fmt: skip
    used = _data_stages(study)
    for stages, lock in ((now, _lock(data)), (committed, _committed_lock(data))):
        stages |= {f"data:{name}": entry for name, entry in lock.items() if name in used}
    names = sorted(now.keys() | committed.keys())
    differing = {name: tuple(_differences(now.get(name), committed.get(name)))
                 for name in names if now.get(name) != committed.get(name)}  # fmt: skip
    return Verification(len(names), differing)


def _data_stages(study: Study) -> set[str]:
    """The stages of data/dvc.yaml that may have made the study's data sets."""
    chosen = study.params.datasets
    sets = {chosen.pretrain, chosen.train, *study.params.shown}
    return sets | {f"subset@{name}" for name in sets}


def _lock(folder: Path) -> dict[str, Mapping[str, Any]]:
    path = folder / "dvc.lock"
    return _parse(path.read_text(), str(path)) if path.is_file() else {}


def _committed_lock(folder: Path) -> dict[str, Mapping[str, Any]]:
    command = ["git", "-C", str(folder), "show", "HEAD:./dvc.lock"]
    git = subprocess.run(command, capture_output=True, text=True, check=False)
    if git.returncode:
        raise StudyError(f"{folder / 'dvc.lock'}: not in Git's last commit, so nothing can be compared; commit it")
    return _parse(git.stdout, f"{folder / 'dvc.lock'} as committed")


def _parse(text: str, where: str) -> dict[str, Mapping[str, Any]]:
    try:
        return dict((yaml.safe_load(text) or {}).get("stages") or {})
    except (yaml.YAMLError, AttributeError) as error:
        raise StudyError(
            f"{where}: not a lock file of DVC ({' '.join(str(error).split())[:100]}); restore it"
        ) from error


def _differences(now: Mapping[str, Any] | None, committed: Mapping[str, Any] | None) -> Iterator[str]:
    """The paths of files whose hash differs, and `cmd` and `params` where these do."""
    if now is None or committed is None:
        return
    yield from (key for key in ("cmd", "params") if now.get(key) != committed.get(key))
    for key in ("deps", "outs"):
        before = {part["path"]: part for part in committed.get(key, [])}
        after = {part["path"]: part for part in now.get(key, [])}
        yield from (path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path))
