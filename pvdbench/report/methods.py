"""One page a row: what it is, what it cost, how it scored clip by clip, its best and worst frames."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.checksum import file_sha256
from pvdbench.io.complexity import Complexity, read_complexity
from pvdbench.io.cost import read_cost
from pvdbench.io.failure import read_failure
from pvdbench.report.numbers import TaskNumbers
from pvdbench.report.training_curve import Curve, read_curve
from pvdbench.scoring.protocol import Task

_SHOWN = 4  # best and worst frames


@dataclass(frozen=True)
class ClipScore:
    """One clip's averages over its counted frames; identical are those left out of PSNR, equal to the truth."""

    dataset: str
    video: str
    frames: int
    psnr_db: float
    ssim: float
    identical: int


@dataclass(frozen=True)
class FrameScore:
    """One frame of a method's best or worst."""

    dataset: str
    video: str
    frame: str
    psnr_db: float


@dataclass(frozen=True)
class Weights:
    """A row's weights file."""

    path: str
    sha256: str
    mebibytes: float


@dataclass(frozen=True)
class Method:
    """A row of `deblur` or `motion` with all that is known of it.

    Attributes:
        card: data/code's record: method, card and the hashes of its files; empty where none is on disk.
        settings: its entry in params.yaml.
        complexities: its parameters and multiply-adds, by data set.
        costs: what running it took on this machine, by data set; none where it did not run here.
        worst, best: frames by PSNR under the study's protocol.
        note: why there are no scores; empty where there are.
    """

    task: Task
    name: str
    label: str
    card: Mapping[str, Any]
    settings: Mapping[str, Any]
    weights: Weights | None
    complexities: Mapping[str, Complexity]
    costs: Mapping[str, Mapping[str, Any]]
    clips: tuple[ClipScore, ...]
    worst: tuple[FrameScore, ...]
    best: tuple[FrameScore, ...]
    training: Curve | None
    note: str

    @property
    def file(self) -> str:
        """Its page in reports/methods."""
        return f"{self.task}-{self.name}.html"

    @property
    def parameters(self) -> Mapping[str, int]:
        """How many its networks have; nothing where it has none."""
        return next((dict(complexity.parameters) for complexity in self.complexities.values()), {})


def read_methods(
    study: Path,
    params: Mapping[str, Any],
    labels: Mapping[Task, Mapping[str, str]],
    numbers: Sequence[TaskNumbers],
    protocol: str,
    datasets: Sequence[str],
) -> tuple[Method, ...]:
    """Every row of params.yaml that the tables name, deblurring first.

    Args:
        params: params.yaml.
        labels: of each task's rows.
        protocol: under which clips and frames are told.
        datasets: the test data sets.

    Raises:
        DataError: if a record or a cost file is damaged.
    """
    return tuple(
        _method(study, params, task, row, label, [part for part in numbers if part.task == task], protocol, datasets)
        for task, rows in labels.items()
        for row, label in rows.items()
    )  # fmt: skip


def _method(
    study: Path,
    params: Mapping[str, Any],
    task: Task,
    row: str,
    label: str,
    numbers: Sequence[TaskNumbers],
    protocol: str,
    datasets: Sequence[str],
) -> Method:
    scored = [part.rows[row] for part in numbers if row in part.rows]
    frames = pd.concat(scored) if scored else pd.DataFrame()
    counted = frames[(frames["protocol"] == protocol) & frames["counted"]] if scored else frames
    worst, best = _extremes(counted)
    reasons = {dataset: read_failure(study / "data" / task / dataset / row) for dataset in datasets}
    failed = "; ".join(dict.fromkeys(filter(None, reasons.values())))
    ran = [dataset for dataset, reason in reasons.items() if not reason]
    complexities = {dataset: study / "data" / "complexity" / task / dataset / f"{row}.json" for dataset in ran}
    costs = {dataset: read_cost(study / "data" / "cost" / task / dataset / f"{row}.json") for dataset in ran}
    return Method(
        task=task,
        name=row,
        label=label,
        card=_record(study / "data" / "code" / task / f"{row}.json"),
        settings=(params.get(task) or {}).get(row, {}),
        weights=_weights(study, study / "data" / "weights" / task / f"{row}.safetensors"),
        complexities={dataset: read_complexity(path) for dataset, path in complexities.items() if path.is_file()},
        costs={dataset: cost for dataset, cost in costs.items() if cost},
        clips=tuple(_clips(counted)),
        worst=worst,
        best=best,
        training=read_curve(study / "data" / "training" / task / f"{row}.csv"),
        note="" if len(counted) else failed or f"No frame of this row has a score under {protocol}: it was not scored.",
    )


def _record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise DataError(
            f"{path}: expected a method's record, got '{error}'; run `dvc repro --force --single-item code`"
        ) from error


def _weights(study: Path, path: Path) -> Weights | None:
    if not path.is_file():
        return None
    return Weights(path.relative_to(study).as_posix(), file_sha256(path), path.stat().st_size / 2**20)


def _clips(frames: pd.DataFrame) -> Iterator[ClipScore]:
    if frames.empty:
        return
    for (dataset, video), clip in frames.groupby(["dataset", "video"], sort=True):
        finite = clip["psnr_db"][np.isfinite(clip["psnr_db"])]
        psnr = float(finite.mean()) if len(finite) else np.inf
        yield ClipScore(str(dataset), str(video), len(clip), psnr, float(clip["ssim"].mean()), len(clip) - len(finite))


def _extremes(frames: pd.DataFrame) -> tuple[tuple[FrameScore, ...], tuple[FrameScore, ...]]:
    """The worst and the best frames, each the most extreme first; ties go by name."""
    if frames.empty:
        return (), ()
    ranked = frames.sort_values(["psnr_db", "dataset", "video", "frame"], kind="stable")
    scores = [FrameScore(f.dataset, f.video, f.frame, float(f.psnr_db)) for f in ranked.itertuples()]  # type: ignore[arg-type]
    return tuple(scores[:_SHOWN]), tuple(reversed(scores[-_SHOWN:]))
