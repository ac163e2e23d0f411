"""Whether what a study holds is what its stages made, and whether its scores come out again: each difference."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from pvdbench.core.executor import Jobs
from pvdbench.study.code_records import FindCommand, write_records
from pvdbench.study.contents import Cache, Listing, file_md5, listing, listing_md5
from pvdbench.study.distance import distance
from pvdbench.study.dvc import cache_folder, stage_changes, stage_names
from pvdbench.study.lock import parts, read_lock
from pvdbench.study.rescore import Rescored, Rescoring
from pvdbench.study.study import Study

Origin = Literal["code", "settings", "data", "weights", "frames", "scores", "tables", "arithmetic"]
"""Where a difference comes from, in the order in which a study is made; arithmetic: all else is as it was, so that this
processor, or a library, computes otherwise."""

_ORIGINS = get_args(Origin)
_PLACES: dict[str, Origin] = {
    "code": "code", "weights": "weights", "given": "weights", "training": "weights", "motion": "frames",
    "deblur": "frames", "complexity": "frames", "truth": "scores", "scores": "scores", "reports": "tables",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was.

    Attributes:
        path: the file or folder; the study's where a setting differs.
        what: the difference and its size.
    """

    origin: Origin
    path: Path
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path}: {self.what}; from: {self.origin}"


def check_study(study: Study, find_command: FindCommand, *, sample: int | None, jobs: Jobs = 1) -> list[Difference]:
    """Compare code, settings and files with dvc.lock, then score again; tables are the business of report.verify.

    Args:
        sample: how many frames of each row to score; None for all.

    Returns: in the order in which a study is made, so that the first may explain the others.
    Raises:
        StudyError: if dvc.lock is missing or damaged, or DVC cannot read the study.
    """
    lock = read_lock(study.folder)
    used = stage_names(study.folder)
    found = [*_changed_code(study, find_command), *_changed_settings(study), *changed_files(study, used)]
    never = [name for name in used if name not in lock and name != "report"]
    found += [Difference("tables", study.folder, f"the stage {name} never ran") for name in never]
    with TemporaryDirectory() as folder:
        for rescored in Rescoring(study, Path(folder), sample, jobs).differing():
            found.append(Difference(_origin(rescored, found), rescored.path, f"scored again, {rescored.distance.said}"))
    return sorted(found, key=lambda difference: _ORIGINS.index(difference.origin))


def _origin(rescored: Rescored, found: Iterable[Difference]) -> Origin:
    """The nearest thing that changed of what a score file was computed from, or the file itself."""
    places = (rescored.path, *reversed(rescored.sources))
    for place in places:
        for difference in found:
            if difference.path == place or place in difference.path.parents:
                return difference.origin
    stage = f"score-{rescored.path.parents[1].name}.json"
    return "code" if any(difference.path.name == stage for difference in found) else "arithmetic"


def _changed_code(study: Study, find_command: FindCommand) -> Iterator[Difference]:
    """The records of data/code that this code and these methods would not write; training and report are told, too."""
    with TemporaryDirectory() as name:
        write_records(study, find_command, Path(name))
        for path in sorted(Path(name).rglob("*.json")):
            before = study.data("code") / path.relative_to(name)
            if before.is_file() and before.read_bytes() != path.read_bytes():
                what = distance(before, path).said
                yield Difference("code", before, f"the stage ran other code, options or settings: {what}")


def _changed_settings(study: Study) -> Iterator[Difference]:
    """The parameters and commands that a stage did not run with, as DVC sees them."""
    edited = dict[str, list[str]]()
    for stage, changes in stage_changes(study.folder).items():
        for change in changes:
            if change == "changed command":
                yield Difference("code", study.folder / "dvc.yaml", f"{stage} ran by another command")
            told = change.get("changed deps", {}).get("params.yaml", {}) if isinstance(change, dict) else {}
            for key, state in told.items() if isinstance(told, dict) else ():
                edited.setdefault(f"{key} is {state}", []).append(stage)
    for what, stages in edited.items():
        others = f", and {len(stages) - 1} more stages" if len(stages) > 1 else ""
        yield Difference("settings", study.folder / "params.yaml", f"{what} since {stages[0]} ran{others}")


def changed_files(study: Study, used: Collection[str]) -> Iterator[Difference]:
    """Hash every dependency and output of the stages, and name the files that are not those of dvc.lock.

    Args:
        used: the stages that the study has.

    Raises:
        StudyError: if dvc.lock is missing or damaged, or DVC cannot say where its cache is.
    """
    kept, md5, said = Cache(cache_folder(study.folder)), cache(file_md5), set[Path]()
    for path, hashes in sorted(_recorded(study, used).items(), key=_turn):
        now = listing(path, md5)
        for recorded in sorted(hashes - {listing_md5(now)}):
            for difference in _differences(path, recorded, now, kept):
                if difference.path not in said and not (difference.path == path and _below(path, said)):
                    yield difference
                said.add(difference.path)


def _recorded(study: Study, used: Collection[str]) -> dict[Path, set[str]]:
    """Every path of dvc.lock and the hashes that stages have of it; what all of the code hashes to is no matter."""
    found: dict[Path, set[str]] = {}
    for name, entry in read_lock(study.folder).items():
        if name in used:
            hashed = parts(entry, "outs") | (parts(entry, "deps") if name != "code" else {})
            for path, part in hashed.items():
                found.setdefault(study.folder / path, set()).add(part["md5"])
    return found


def _turn(item: tuple[Path, object]) -> tuple[int, int, Path]:
    path = item[0]
    return _ORIGINS.index(_kind(path)), -len(path.parts), path


def _kind(path: Path) -> Origin:
    """Code, data, weights and so on, by the folder of data/ or reports/ that a path is in."""
    names = [part for part in path.parts if part in ("data", "reports")]
    if not names:
        return "code"
    place = "reports" if names[-1] == "reports" else next(iter(path.parts[_last(path, "data") + 1 :]), "")
    return _PLACES.get(place, "data")


def _last(path: Path, part: str) -> int:
    return max(number for number, name in enumerate(path.parts) if name == part)


def _below(folder: Path, said: set[Path]) -> bool:
    return any(folder in path.parents for path in said)


def _differences(path: Path, recorded: str, now: Listing, kept: Cache) -> Iterator[Difference]:
    """The files of one path that are not those that were recorded, as far as DVC's cache says which these were."""
    kind, was = _kind(path), kept.listing(recorded)
    if not path.exists():
        yield Difference(kind, path, "it is not there")
    elif was is None:
        yield Difference(kind, path, "its files are not those of dvc.lock; which ones, DVC's cache does not know")
    else:
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                yield Difference(kind, path / name if name else path, _size(path / name, was.get(name), kept))


def _size(path: Path, recorded: str | None, kept: Cache) -> str:
    if recorded is None:
        return "it was not there when its stage ended"
    if not path.exists():
        return "it is not there"
    before = kept.file(recorded)
    if before is None:
        return "its bytes are not those of dvc.lock; how far they are, DVC's cache does not know"
    return f"changed since its stage made it: {distance(before, path).said}"
