"""What made a report: commit, parameters, seeds, versions, hardware and what each stage took."""

import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from pvdbench.core.errors import DataError, StudyError
from pvdbench.tables.costs import read_cost

_PACKAGES = ("pvdbench", "torch", "numpy", "scipy", "pandas", "scikit-image", "matplotlib", "pillow", "dvc")


@dataclass(frozen=True)
class Stage:
    """What one stage took; memory is its peak."""

    name: str
    seconds: float
    memory_mib: float


@dataclass(frozen=True)
class Provenance:
    """All that is needed to make the same report again.

    Attributes:
        commit: the full hash.
        changes: the files that differ from the commit; none means that the commit says it all.
        params: the text of params.yaml.
        seeds: key and value of every seed in params.yaml.
        commands: what to type.
    """

    commit: str
    changes: tuple[str, ...]
    params: str
    seeds: tuple[tuple[str, int], ...]
    versions: tuple[tuple[str, str], ...]
    hardware: tuple[str, ...]
    stages: tuple[Stage, ...]
    commands: tuple[str, ...]

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
        seeds=tuple(_seeds(yaml.safe_load(params))),
        versions=(("python", platform.python_version()), *((name, version(name)) for name in _PACKAGES)),
        hardware=tuple(sorted({cost["hardware"] for cost in costs})),
        stages=tuple(Stage(cost["stage"], cost["seconds"], cost.get("peak_memory_mib", 0.0)) for cost in costs),
        commands=(f"git checkout {commit}", "make study" if where == Path() else f"dvc repro {where}/dvc.yaml"),
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True, text=True).stdout
    except FileNotFoundError:
        raise StudyError("expected the command git, found none; install Git") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[0] if error.stderr.strip() else "no commit"
        raise StudyError(
            f"{root}: expected a Git repository with a commit, got '{reason}'; clone pvdbench with git"
        ) from error


def _params_text(study: Path) -> str:
    try:
        return (study / "params.yaml").read_text()
    except FileNotFoundError:
        raise DataError(
            f"{study / 'params.yaml'}: expected the study's parameters, found no file; run in a study's folder"
        ) from None


def _seeds(params: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Every key named seed, with the way to it."""
    for key, value in params.items() if isinstance(params, dict) else ():
        if key == "seed":
            yield f"{place}seed", value
        yield from _seeds(value, f"{place}{key}.")
