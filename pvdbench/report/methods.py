"""What the page of each row says: what it is, what it cost, how it scored clip by clip, its best and worst frames."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.json_file import read_json
from pvdbench.io.checksum import file_sha256
from pvdbench.io.cost import Complexity, read_complexity, read_cost
from pvdbench.io.frame_folders import read_failure
from pvdbench.report.numbers import TaskNumbers, shown_metrics
from pvdbench.report.training_curve import Curve, read_curve
from pvdbench.scoring.protocol import Metric, Task

_SHOWN = 4  # best and worst frames


@dataclass(frozen=True)
class ClipScore:
    """One clip's averages over its counted frames.

    Attributes:
        values: one per metric; infinite where all frames are equal to the truth.
        identical: one per metric: frames left out of the average, as their value is infinite.
    """

    dataset: str
    video: str
    frames: int
    values: tuple[float, ...]
    identical: tuple[int, ...]


@dataclass(frozen=True)
class FrameScore:
    """One frame of a method's best or worst by the first metric of the study's protocol."""

    dataset: str
    video: str
    frame: str
    value: float


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
        metrics: what the study's protocol measures; clips and frames have values of these.
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
    metrics: tuple[Metric, ...]
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
    scored = [_counted(part, row, protocol) for part in numbers if row in part.rows and protocol in part.protocols]
    frames = pd.concat(scored) if scored else pd.DataFrame()
    metrics = tuple(shown_metrics()[name] for name in frames if name in shown_metrics())
    worst, best = _extremes(frames, metrics)
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
        metrics=metrics,
        clips=tuple(_clips(frames, metrics)),
        worst=worst,
        best=best,
        training=read_curve(study / "data" / "training" / task / f"{row}.csv"),
        note="" if len(frames) else failed or f"No frame of this row has a score under {protocol}: it was not scored.",
    )


def _record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return read_json(path, dict[str, Any], "this is no row's record", "run `dvc repro --force --single-item code`")


def _weights(study: Path, path: Path) -> Weights | None:
    if not path.is_file():
        return None
    return Weights(path.relative_to(study).as_posix(), file_sha256(path), path.stat().st_size / 2**20)


def _counted(part: TaskNumbers, row: str, protocol: str) -> pd.DataFrame:
    """The frames of a row that a protocol counts: columns dataset, video, frame and each metric."""
    scores = part.protocols[protocol]
    values = pd.DataFrame({metric: table[row] for metric, table in scores.metrics.items()})
    return values[scores.counted].dropna(how="all").reset_index().assign(dataset=part.dataset)


def _clips(frames: pd.DataFrame, metrics: Sequence[Metric]) -> Iterator[ClipScore]:
    for (dataset, video), clip in frames.groupby(["dataset", "video"], sort=True) if len(frames) else ():
        values = [clip[metric.name] for metric in metrics]
        identical = tuple(int(np.isinf(value).sum()) for value in values)
        yield ClipScore(str(dataset), str(video), len(clip), tuple(map(_finite_mean, values)), identical)


def _finite_mean(values: pd.Series) -> float:
    finite = values[np.isfinite(values)]
    return math.inf if finite.empty and np.isinf(values).any() else float(finite.mean())


def _extremes(frames: pd.DataFrame, metrics: Sequence[Metric]) -> tuple[tuple[FrameScore, ...], tuple[FrameScore, ...]]:
    """The worst and the best frames by the first metric, each the most extreme first; ties go by name."""
    if frames.empty:
        return (), ()
    first = metrics[0]
    named = frames.sort_values(["dataset", "video", "frame"], kind="stable").dropna(subset=[first.name])
    ranked = named.sort_values(first.name, ascending=first.better == "higher", kind="stable")
    columns = (ranked[column] for column in ("dataset", "video", "frame", first.name))
    scores = [FrameScore(d, v, f, float(value)) for d, v, f, value in zip(*columns, strict=True)]
    return tuple(scores[:_SHOWN]), tuple(reversed(scores[-_SHOWN:]))
