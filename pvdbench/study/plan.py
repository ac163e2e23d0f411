"""What a study will take before anything of it runs: stages, disk, memory, hours, and what is missing here."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import read_params
from pvdbench.datasets.catalogue import read_catalogue
from pvdbench.datasets.params import DataParams
from pvdbench.study.dvc import changed_stages, stage_names
from pvdbench.study.machine_rates import MachineRates
from pvdbench.study.stage_cost import COUNTED, Stage, StageCosts
from pvdbench.study.study import Study

CACHED = 2  # DVC's cache holds every output once more, unless cache.type links


@dataclass(frozen=True)
class Plan:
    """All stages of a study, and what stands in its way here."""

    stages: tuple[Stage, ...]
    missing: tuple[str, ...]

    @property
    def hours(self) -> float:
        """Of all stages that are to run and whose hours are known."""
        return sum(stage.hours or 0.0 for stage in self.stages if not stage.done)

    @property
    def disk(self) -> float:
        """Bytes that the stages that are to run will write."""
        return sum(stage.disk for stage in self.stages if not stage.done)


def plan_study(study: Study, rates: MachineRates) -> Plan:
    """Look at what is there and count what is not.

    Args:
        rates: of the machine that will run it, by which stages are told that never ran here.

    Raises:
        StudyError: outside a DVC repository.
    """
    costs = StageCosts(study, rates)
    stages = tuple(costs.stage(name, done=done) for name, done in _states(study.folder))
    return Plan(stages, tuple(_missing(study, stages, rates)))


def _states(folder: Path) -> list[tuple[str, bool]]:
    """Every stage of the study in the order of dvc.yaml, and whether it is up to date."""
    names = stage_names(folder)
    changed = changed_stages(folder) if (folder / "dvc.lock").is_file() else set(names)  # else nothing ever ran
    return [(name, name not in changed) for name in names]


def _missing(study: Study, stages: Iterable[Stage], rates: MachineRates) -> Iterable[str]:
    to_run = [stage for stage in stages if not stage.done]
    needed = sum(stage.disk for stage in to_run)
    chosen = study.params.datasets
    for name in sorted({chosen.pretrain, chosen.train, *study.params.shown}):
        if not (study.dataset(name) / "manifest.csv").exists():
            yield f"data set {name}{_download(study, name)}: run `dvc repro data/dvc.yaml:{_data_stage(study, name)}`"
    named = {row.weights for row in study.params.motion.values()} | {
        row.weights for row in study.params.deblur.values()
    }
    for weights in sorted(weights for weights in named if weights):
        path = study.given(weights)
        if path is None or not path.exists():
            yield f"weights {weights}: `pvdbench weights import FILE --out data/given/{weights}.safetensors`"
    free = shutil.disk_usage(study.folder).free
    if free < CACHED * needed:
        yield f"disk: {CACHED * needed / 2**30:.0f} GiB are needed, {free / 2**30:.0f} are free"
    counted = any(stage.basis == COUNTED for stage in to_run)
    if counted and not rates.hardware and not torch.cuda.is_available():
        yield "a graphics card: counted hours are for the assumed rate, not for this processor"


def _download(study: Study, name: str) -> str:
    """What a published data set takes, as its publisher states it; nothing for one that is made here."""
    try:
        size = read_catalogue(study.root / "data").archive(name).size
    except ParamsError:
        return ""
    return f" (to download: {size}; on disk three times that, archive, frames and DVC's cache)"


def _data_stage(study: Study, name: str) -> str:
    params = study.dataset("params.yaml")
    return f"subset@{name}" if params.exists() and name in read_params(params, DataParams).subsets else name
