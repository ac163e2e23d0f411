"""A study's results beside those of another Git revision, or of another machine: equal, close or different."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pvdbench.core.errors import StudyError
from pvdbench.study.contents import Cache, Listing, file_md5, listing
from pvdbench.study.distance import distance
from pvdbench.study.dvc import cache_folder, stage_names
from pvdbench.study.lock import Entry, Lock, committed_lock, parts, read_lock
from pvdbench.study.study import Study

_NUMBERS = ("data/truth", "data/scores", "reports/tables", "reports/metrics.json")
"""What people read numbers of; all else is compared by its bytes."""

_MEASURED = (".csv", ".json")
"""The endings of the files there that hold nothing but numbers and names; the same numbers are in the others."""

_LISTED = 20


@dataclass(frozen=True)
class Apart:
    """One file of numbers that is not the same in both."""

    path: str
    said: str
    close: bool


@dataclass(frozen=True)
class Comparison:
    """Two studies side by side.

    Attributes:
        other: what this one was compared with.
        stages: how many there are on either side; 0 where the other has no dvc.lock.
        differing: stage to the paths that differ; empty where the entry is on one side only.
        files: how many files of numbers were compared.
        apart: those whose bytes differ.
    """

    other: str
    stages: int
    differing: Mapping[str, tuple[str, ...]]
    files: int
    apart: tuple[Apart, ...]

    @property
    def close(self) -> bool:
        """Whether every number is equal, or within the tolerance of its metric."""
        return all(file.close for file in self.apart)

    def __str__(self) -> str:
        """Say it in one line, then one line for each stage and file that differs."""
        equal = "equal in every number to" if self.differing else "equal to"
        equal = "equal within the tolerance to" if self.apart else equal
        verdict = equal if self.close else "different from"
        same_stages = self.stages - len(self.differing)
        stages = f"{same_stages} of {self.stages} stages reproduce dvc.lock; " if self.stages else ""
        same = f"{self.files - len(self.apart)} of {self.files} files of numbers have equal bytes"
        lines = [f"{verdict} {self.other}: {stages}{same}"]
        apart = sorted(self.apart, key=lambda file: file.close)
        lines += [f"  {file.path}: {file.said}{' (within the tolerance)' * file.close}" for file in apart[:_LISTED]]
        lines += [f"  and {len(apart) - _LISTED} more files"] * (len(apart) > _LISTED)
        lines += [f"  {stage}: {', '.join(paths) or 'on one side only'}" for stage, paths in self.differing.items()]
        return "\n".join(lines)


def compare(study: Study, other: str) -> Comparison:
    """Compare a study with another.

    Args:
        other: a Git revision of this repository, or the folder of a study that ran elsewhere.

    Raises:
        StudyError: if it is neither, a dvc.lock is missing or damaged, or DVC's cache lacks the revision's results.
    """
    folder = Path(other)
    if not other.strip():
        raise StudyError("--against: it names nothing; name a Git revision, or a study's folder")
    if folder.is_dir():
        return _with_folder(study, folder)
    own = read_lock(study.folder), committed_lock(study.folder, other)
    data, made = study.root / "data", (study.root / "data" / "dvc.lock").is_file()  # or no stage made the data sets
    now = study_lock(study, own[0], read_lock(data) if made else {})
    then = study_lock(study, own[1], committed_lock(data, other) if made else {})
    names = sorted(now.keys() | then.keys())
    differing = {name: tuple(_differences(now.get(name), then.get(name)))
                 for name in names if now.get(name) != then.get(name)}  # fmt: skip
    kept = Cache(cache_folder(study.folder))
    before, after = (dict(_numbers_of(lock, kept, where)) for lock, where in ((then, other), (now, "dvc.lock")))
    apart = _apart_in_cache(before, after, kept)
    return Comparison(other, len(names), differing, len(before.keys() | after.keys()), tuple(apart))


def study_lock(study: Study, own: Lock, data: Lock) -> Lock:
    """The entries of the stages that a study has now, and of those that may have made its data sets."""
    used, chosen = set(stage_names(study.folder)), study.params.datasets  # a lock keeps stages that are no more
    sets = {chosen.pretrain, chosen.train, *study.params.shown}
    sets |= {f"subset@{name}" for name in sets}
    return {name: entry for name, entry in own.items() if name in used} | {
        f"data:{name}": entry for name, entry in data.items() if name in sets}  # fmt: skip


def _differences(now: Entry | None, then: Entry | None) -> Iterator[str]:
    """The paths of files whose hash differs, and `cmd` and `params` where these do."""
    if now is None or then is None:
        return
    yield from (key for key in ("cmd", "params") if now.get(key) != then.get(key))
    for key in ("deps", "outs"):
        before, after = parts(then, key), parts(now, key)
        yield from (path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path))


def _numbers_of(lock: Lock, kept: Cache, where: str) -> Iterator[tuple[str, str]]:
    """Path and hash of every file of numbers of a lock."""
    for entry in lock.values():
        for path, part in parts(entry, "outs").items():
            if path.startswith(_NUMBERS):
                if (files := kept.listing(part["md5"])) is None:
                    raise StudyError(f"{where}: DVC's cache lacks {path}; run `dvc fetch --all-commits`, or name a "
                                     "folder")  # fmt: skip
                yield from ((f"{path}/{name}" if name else path, md5) for name, md5 in files.items())


def _apart_in_cache(before: Mapping[str, str], after: Mapping[str, str], kept: Cache) -> Iterator[Apart]:
    with TemporaryDirectory() as name:
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) == after.get(path):
                continue
            if path not in before or path not in after:
                yield Apart(path, "on one side only", close=False)
                continue
            old, new = kept.file(before[path]), kept.file(after[path])
            if old is None or new is None:
                yield Apart(path, "DVC's cache lacks one of the two; run `dvc fetch --all-commits`", close=False)
                continue
            yield _apart(path, old, Path(shutil.copyfile(new, Path(name) / f"now{Path(path).suffix}")))


def _apart(path: str, before: Path, now: Path) -> Apart:
    found = distance(before, now)
    return Apart(path, found.said, found.close or Path(path).suffix not in _MEASURED)


def _with_folder(study: Study, other: Path) -> Comparison:
    theirs, ours = _files(other), _files(study.folder)
    if not theirs:
        raise StudyError(f"{other}: neither data/scores nor reports/tables is in this folder; name a study's folder")
    apart = [
        Apart(path, "on one side only", close=False) if path not in theirs or path not in ours
        else _apart(path, other / path, study.folder / path)
        for path in sorted({*theirs, *ours}) if theirs.get(path) != ours.get(path)
    ]  # fmt: skip
    return Comparison(str(other), 0, {}, len({*theirs, *ours}), tuple(apart))


def _files(study: Path) -> Listing:
    """Every file of numbers below a study's folder."""
    return {
        f"{part}/{name}" if name else part: md5
        for part in _NUMBERS
        if (study / part).exists()
        for name, md5 in listing(study / part, file_md5).items()
    }
