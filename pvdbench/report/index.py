"""What the page's scripts must know before they load any numbers: names, labels, frames, costs, where files are."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pvdbench.analysis.intervals import Interval
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.io.images import frame_size
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.methods import Method
from pvdbench.report.numbers import TaskNumbers, shown_metrics
from pvdbench.report.packs import Pack
from pvdbench.report.viewer import ClipPictures
from pvdbench.scoring.protocol import Metric
from pvdbench.tables.files import DatasetTables


def study_index(inputs: StudyInputs, packs: Iterable[Pack]) -> dict[str, Any]:
    """The whole index; every value is JSON's.

    Args:
        packs: those that the page can load.
    """
    files = {pack.key: pack.file for pack in packs}
    datasets = [_dataset(inputs, measured, files) for measured in inputs.tables]
    metrics = {name: _metric(metric) for name, metric in shown_metrics().items()}
    percents = [f"{percent:g}" for percent in inputs.params.percent_choices]  # as in the names of groups
    return {"files": files, "metrics": metrics, "percents": percents, "datasets": datasets}


def _metric(metric: Metric) -> dict[str, Any]:
    """How the page prints a metric."""
    return {"heading": metric.heading, "unit": metric.unit, "digits": metric.digits, "better": metric.better}


def viewer_pack(inputs: StudyInputs, dataset: str, pictures: Mapping[str, ClipPictures]) -> Pack:
    """What the viewer must know of a data set: boxes, flow's scale, what is missing, where the PNGs are."""
    reports = inputs.reports.resolve()
    png = {clip.video: _sources(clip, reports) for clip in inputs.clips(dataset)}
    clips = {video: asdict(shown) for video, shown in pictures.items()}
    megabytes = inputs.params.figures.viewer_megabytes
    return Pack("viewer", (dataset,), {"clips": clips, "png": png, "megabytes": megabytes})


def _sources(clip: ClipFiles, reports: Path) -> dict[str, list[str]]:
    """The data set's own files, frame by frame, as links from the report."""

    def links(paths: Iterable[Path]) -> list[str]:
        return [quote(Path(os.path.relpath(path.resolve(), reports)).as_posix()) for path in paths]

    return {"blurry": links(f.blurry for f in clip.frames), "sharp": links(f.sharp for f in clip.frames)}


def _dataset(inputs: StudyInputs, measured: DatasetTables, files: Mapping[str, str]) -> dict[str, Any]:
    params, figures = inputs.params, inputs.params.figures
    clips = inputs.clips(measured.dataset)
    return {
        "name": measured.dataset,
        "data": measured.data,
        "protocol": params.protocol,
        "percent": f"{params.percent:g}",
        "size": frame_size(clips[0].frames[0].blurry) if clips else None,
        "clips": [{"name": clip.video, "frames": [files.name for files in clip.frames]} for clip in clips],
        "tasks": {
            part.task: _task(part, inputs, files) for part in inputs.numbers if part.dataset == measured.dataset
        },
        "pairs": {
            "deblur": [figures.deblur.worse, figures.deblur.better],
            "motion": [figures.flow.worse, figures.flow.better],
        },
        "volume": _volume(measured),
    }  # fmt: skip


def _task(part: TaskNumbers, inputs: StudyInputs, files: Mapping[str, str]) -> dict[str, Any]:
    frames: dict[str, list[str]] = {}
    for video, frame in part.frames:
        frames.setdefault(video, []).append(frame)
    bounds = inputs.upper_bounds if part.task == "deblur" else ()
    methods = [method for method in inputs.methods if method.task == part.task and method.name in part.rows]
    return {
        "frames": list(frames.items()),
        "protocols": [
            {"name": name, "metrics": list(scores.metrics)}
            for name, scores in part.protocols.items()
            if f"means/{part.dataset}/{part.task}/{name}" in files
        ],
        "rows": [_row(method, part.dataset) | {"bound": method.name in bounds} for method in methods],
    }


def _row(method: Method, dataset: str) -> dict[str, Any]:
    cost = method.costs.get(dataset, {})
    return {
        "name": method.name,
        "label": method.label,
        "milliseconds": cost.get("milliseconds_median"),
        "parameters": sum(method.parameters.values()),
        "page": f"methods/{quote(method.file)}",
    }


def _volume(measured: DatasetTables) -> list[dict[str, Any]]:
    """Sec. 4.4 in percent, measured and published; None where a number is not there."""
    table = next((table for table in measured.tables if table.name == "section44"), None)
    rows = []
    for row in table.rows if table else ():
        share, _, paper = row.values
        if isinstance(share, Interval):
            values = {"mean": share.mean, "low": share.low, "high": share.high, "paper": paper}
            known = {key: value if value == value else None for key, value in values.items()}
            rows.append({"label": row.label, **known})
    return rows
