"""How a report was made: commit, parameters, data, seeds, versions, hardware and what each stage took."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pvdbench.core.errors import DataError
from pvdbench.core.yaml_file import YamlError, load_yaml
from pvdbench.io.checksum import file_sha256
from pvdbench.io.cost import read_cost
from pvdbench.io.git import git
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.report.verdict import read_verdict
from pvdbench.study.lock import parts, read_lock
from pvdbench.training.params import MOTION_PRESETS, SEQUENCE_PRESETS

_PACKAGES = ("pvdbench", "torch", "numpy", "scipy", "pandas", "scikit-image", "matplotlib", "pillow", "dvc")


@dataclass(frozen=True)
class Stage:
    """What one stage took; memory is its peak."""

    name: str
    seconds: float
    memory_mib: float


@dataclass(frozen=True)
class DataRecord:
    """A data set as this study read it.

    Attributes:
        frames: split to (clips, frames).
        sha256: of manifest.csv, which names every file.
        md5: DVC's hash of the whole folder, from data/dvc.lock; empty where DVC did not make it.
    """

    name: str
    frames: tuple[tuple[str, int, int], ...]
    sha256: str
    md5: str


@dataclass(frozen=True)
class Change:
    """A parameter that is not what it was, or that a preset set otherwise; None where one of them lacks it."""

    key: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Provenance:
    """All that is needed to make the same report again.

    Attributes:
        commit: the full hash.
        changes: the files that differ from the commit; none means that the commit says it all.
        params: the text of params.yaml.
        edited: parameters that differ from those committed.
        overridden: parameters of training that differ from the preset which the study names.
        seeds: key and value of every seed in params.yaml.
        commands: what to type.
        verified: whether the numbers were derived again.
    """

    commit: str
    changes: tuple[str, ...]
    params: str
    edited: tuple[Change, ...]
    overridden: tuple[Change, ...]
    data: tuple[DataRecord, ...]
    seeds: tuple[tuple[str, int], ...]
    versions: tuple[tuple[str, str], ...]
    hardware: tuple[str, ...]
    stages: tuple[Stage, ...]
    commands: tuple[str, ...]
    verified: str

    @property
    def total_seconds(self) -> float:
        """Of all stages that keep count, one after another."""
        return sum(stage.seconds for stage in self.stages)


def gather_provenance(study: Path, root: Path, datasets: Sequence[str]) -> Provenance:
    """Ask Git, the installed packages and the cost files.

    Args:
        study: the folder with params.yaml and data/cost.
        root: the repository's top, with data/rendering.
        datasets: those that the study trains on or measures.

    Raises:
        StudyError: outside a Git repository or before its first commit.
        DataError: if params.yaml or a cost file is missing or damaged.
    """
    commit = _git(root, "rev-parse", "HEAD").strip()
    params = _params_text(study)
    rendered = [root / "data" / "rendering" / f"{dataset}.json" for dataset in datasets]
    # a data set that was downloaded has no rendering to count
    costs = [read_cost(path) for path in (*filter(Path.exists, rendered), *sorted(study.glob("data/cost/**/*.json")))]
    where = study.resolve().relative_to(root.resolve())
    return Provenance(
        commit=commit,
        changes=tuple(line[3:] for line in _git(root, "status", "--porcelain").splitlines()),
        params=params,
        edited=_edited(root, where / "params.yaml", params),
        overridden=tuple(_overridden(load_yaml(params).get("training") or {})),
        data=tuple(_data_record(root, dataset) for dataset in datasets if (root / "data" / dataset).is_dir()),
        seeds=tuple(_seeds(load_yaml(params))),
        versions=(("python", platform.python_version()), *((name, version(name)) for name in _PACKAGES)),
        hardware=tuple(sorted({cost["hardware"] for cost in costs})),
        stages=tuple(Stage(cost["stage"], cost["seconds"], cost.get("peak_memory_mib", 0.0)) for cost in costs),
        commands=(f"git checkout {commit}", "make study" if where == Path() else f"dvc repro {where}/dvc.yaml"),
        verified=read_verdict(study),
    )


def _git(root: Path, *words: str) -> str:
    return git(root, *words).decode(errors="replace")


def _params_text(study: Path) -> str:
    try:
        return (study / "params.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{study / 'params.yaml'}: no such file; run in a study's folder") from None


def _edited(root: Path, path: Path, params: str) -> tuple[Change, ...]:
    """The keys whose values differ from the committed file's; all of them where none was committed."""
    tracked = _git(root, "ls-tree", "--name-only", "HEAD", path.as_posix()).strip()
    committed = _git(root, "show", f"HEAD:{path.as_posix()}") if tracked else ""
    try:
        before = _flat(load_yaml(committed))
    except YamlError:  # a mistake that was committed
        before = {}
    now = _flat(load_yaml(params))
    return tuple(
        Change(key, before.get(key), now.get(key)) for key in (now | before) if before.get(key) != now.get(key)
    )


def _overridden(training: Mapping[str, Any]) -> Iterator[Change]:
    """What a recipe gives itself although its preset gives it, too."""
    motion = training.get("motion") or {}
    recipes = (
        ("training.deblur", training.get("deblur") or {}, SEQUENCE_PRESETS),
        ("training.motion.finetune", motion.get("finetune") or {}, MOTION_PRESETS),
    )
    for place, recipe, presets in recipes:
        preset = presets.get(recipe.get("preset", ""), {})
        for key in sorted(preset.keys() & recipe.keys()):
            if preset[key] != recipe[key]:
                yield Change(f"{place}.{key}", preset[key], recipe[key])


def _flat(params: Any, place: str = "") -> dict[str, Any]:
    """Every value that is no mapping, by its keys joined by dots."""
    if not isinstance(params, dict) or not params:
        return {place: params} if place else {}
    return {
        key: value
        for name, part in params.items()
        for key, value in _flat(part, f"{place}.{name}" if place else str(name)).items()
    }


def _data_record(root: Path, dataset: str) -> DataRecord:
    path = root / "data" / dataset / "manifest.csv"
    splits = read_table(path, MANIFEST).groupby("split", sort=True)["video"]
    frames = tuple((str(split), int(videos.nunique()), len(videos)) for split, videos in splits)
    return DataRecord(dataset, frames, file_sha256(path), _locked(root, dataset))


def _locked(root: Path, dataset: str) -> str:
    if not (root / "data" / "dvc.lock").is_file():
        return ""
    outs = parts(read_lock(root / "data").get(dataset, {}), "outs")
    return next((str(out.get("md5", "")) for path, out in outs.items() if path.endswith(dataset)), "")


def _seeds(params: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Every key named seed, with the way to it."""
    for key, value in params.items() if isinstance(params, dict) else ():
        if key == "seed":
            yield f"{place}seed", value
        yield from _seeds(value, f"{place}{key}.")
