"""Compare a study with another: which rows scored differently, by how much, and on which frame most."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.intervals import Interval, corrected
from pvdbench.core.errors import DataError
from pvdbench.report.build import render_comparison
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.numbers import ProtocolScores, read_task_scores, shown_metrics
from pvdbench.report.outputs import check_outputs, write_page
from pvdbench.scoring.protocol import Metric, Task


@dataclass(frozen=True)
class RowChange:
    """How one row of one data set scored in both studies, over the frames that both counted.

    Attributes:
        metric: the first of the study's protocol; None where one of the studies lacks the row.
        before, after, change: its average in the other study, in this one, and what it gained frame by frame.
        frames: how many both counted.
        changed: how many of those have another value.
        largest: the frame that changed most, in words; empty where none did.
        note: what the two do not share; empty where they share every frame.
    """

    dataset: str
    task: Task
    label: str
    metric: Metric | None = None
    before: Interval | None = None
    after: Interval | None = None
    change: Interval | None = None
    frames: int = 0
    changed: int = 0
    largest: str = ""
    note: str = ""

    @property
    def verdict(self) -> Literal["better", "worse", "unclear", "same", "missing"]:
        """Better, worse or unclear by the change's p-value, with Holm's correction; same where no frame changed."""
        if self.change is None or self.metric is None:
            return "missing"
        if not self.changed:
            return "same"
        gain = self.change.sign if self.metric.better == "higher" else -self.change.sign
        return "better" if gain > 0 else "worse" if gain < 0 else "unclear"


def build_comparison(inputs: StudyInputs, other: str, out: Path, *, overwrite: bool = False) -> None:
    """Write a page that compares this study's scores with another's.

    Args:
        other: a folder of score files (data/scores of a study, or the study's folder), or a Git revision of this
            repository whose scores DVC has.

    Raises:
        DataError: if other is neither, or a score file is damaged.
        WriteError: if the disk is full.
    """
    check_outputs(out, overwrite=overwrite)
    with _other_scores(inputs, other) as folder:
        rows = [
            _compare_row(inputs, folder, dataset, task, row, label)
            for dataset in inputs.datasets
            for task, labels in inputs.labels.items()
            for row, label in labels.items()
        ]
    write_page(out, render_comparison(other, inputs.params.protocol, _corrected(rows)))


def _corrected(rows: Sequence[RowChange]) -> tuple[RowChange, ...]:
    """The changes of all rows are one family of tests."""
    there = [row.change for row in rows if row.change is not None]
    changes = iter(corrected(there))
    return tuple(replace(row, change=next(changes)) if row.change is not None else row for row in rows)


@contextmanager
def _other_scores(inputs: StudyInputs, other: str) -> Iterator[Path]:
    """A study's folder that holds the other's data/scores."""
    with TemporaryDirectory() as name:
        scores = Path(name) / "data" / "scores"
        folder = Path(other)
        if folder.is_dir():
            found = folder / "data" / "scores"
            shutil.copytree(found if found.is_dir() else folder, scores)
        else:
            _fetch(inputs, other, scores)
        if not any(scores.glob("*/*/*.csv")):
            raise DataError(
                f"{other}: no score files TASK/DATASET/ROW.csv in this folder; name a study's folder or its data/scores"
            )
        yield Path(name)


def _fetch(inputs: StudyInputs, revision: str, scores: Path) -> None:
    """Copy the score files of a Git revision out of DVC's cache or remote."""
    from dvc.api import DVCFileSystem  # takes a second to import: only who compares revisions waits
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    where = inputs.study.resolve().relative_to(inputs.root.resolve()) / "data" / "scores"
    try:
        files = DVCFileSystem(str(inputs.root.resolve()), rev=revision)
        scores.parent.mkdir(parents=True, exist_ok=True)
        files.get(where.as_posix(), str(scores), recursive=True)
    except (DvcException, SCMError, OSError) as error:
        raise DataError(
            f"{revision}: neither a folder nor a Git revision whose scores DVC has ({str(error).splitlines()[0]}); "
            "run `dvc fetch --all-commits` or name a folder"
        ) from error


def _compare_row(inputs: StudyInputs, other: Path, dataset: str, task: Task, row: str, label: str) -> RowChange:
    now, then = (_counted(study, task, dataset, row, inputs.params.protocol) for study in (inputs.study, other))
    if now is None or then is None:
        note = "in neither" if now is then else "only in the other" if now is None else "only in this study"
        return RowChange(dataset, task, label, note=note)
    metric = next((shown_metrics()[name] for name in now.metrics if name in then.metrics), None)
    if metric is None:
        return RowChange(dataset, task, label, note="no metric in common")
    after_all, before_all = (scores.metrics[metric.name][row][scores.counted] for scores in (now, then))
    both = after_all.index.intersection(before_all.index)
    after, before = after_all.loc[both], before_all.loc[both]
    videos = pd.Series(both.get_level_values(0), index=both)
    unshared = len(after_all.index.symmetric_difference(before_all.index))
    return RowChange(
        dataset=dataset,
        task=task,
        label=label,
        metric=metric,
        before=intervals.mean(before, videos),
        after=intervals.mean(after, videos),
        change=intervals.difference(after, before, videos),
        frames=len(both),
        changed=int((after != before).sum()),
        largest=_largest((after - before).where(after != before, 0.0), metric),  # infinite in both is no change
        note=f"{unshared} frames are in one of them only" if unshared else "",
    )


def _counted(study: Path, task: Task, dataset: str, row: str, protocol: str) -> ProtocolScores | None:
    """A row's scores; None where there is no file or the protocol counts no frame of it."""
    scores = read_task_scores(study, task, dataset, [row]).get(protocol)
    return scores if scores is not None and scores.counted.any() else None


def _largest(steps: "pd.Series[float]", metric: Metric) -> str:
    if not (steps != 0).any():
        return ""
    place = int(steps.abs().to_numpy().argmax())
    video, frame = steps.index[place]
    return f"{video}, {frame}: {steps.iloc[place]:+.{metric.digits}f} {metric.unit}".rstrip()
