"""Whether a study gave the committed numbers again: dvc.lock on disk beside the one of Git's last commit."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pvdbench.core.errors import StudyError, shorten
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
        StudyError: if a dvc.lock is missing, not committed or cannot be read.
    """
    data = study.root / "data"
    locks = [(_lock(folder), _committed_lock(folder)) for folder in (study.folder, data)]
    used = set(stage_names(study.folder))  # the lock keeps stages that are no more
    now, committed = ({name: entry for name, entry in lock.items() if name in used} for lock in locks[0])
    used = _data_stages(study)
    for stages, lock in zip((now, committed), locks[1], strict=True):
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
    if not path.is_file():
        raise StudyError(f"{path}: not there, so nothing can be compared; run `dvc repro` first")
    return _parse(path.read_bytes(), str(path))


def _committed_lock(folder: Path) -> dict[str, Mapping[str, Any]]:
    command = ["git", "-C", str(folder), "show", "HEAD:./dvc.lock"]
    git = subprocess.run(command, capture_output=True, check=False)
    if git.returncode:
        raise StudyError(f"{folder / 'dvc.lock'}: not in Git's last commit, so nothing can be compared; commit it")
    return _parse(git.stdout, f"{folder / 'dvc.lock'} as committed")


def _parse(content: bytes, where: str) -> dict[str, Mapping[str, Any]]:
    try:
        stages = dict((yaml.safe_load(content) or {}).get("stages") or {})
        for entry in stages.values():
            _paths(entry, "deps"), _paths(entry, "outs")
        return stages
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{where}: damaged or not a lock file of DVC ({shorten(error, 60)}); restore it from a good "
                         "commit, such as by `git checkout -- dvc.lock` in its folder") from error  # fmt: skip


def _paths(entry: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    """The parts of a stage's entry under `deps` or `outs`, by path."""
    return {part["path"]: part for part in entry.get(key, [])}


def _differences(now: Mapping[str, Any] | None, committed: Mapping[str, Any] | None) -> Iterator[str]:
    """The paths of files whose hash differs, and `cmd` and `params` where these do."""
    if now is None or committed is None:
        return
    yield from (key for key in ("cmd", "params") if now.get(key) != committed.get(key))
    for key in ("deps", "outs"):
        before, after = _paths(committed, key), _paths(now, key)
        yield from (path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path))
