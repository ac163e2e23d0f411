"""Two studies side by side: what moved between another set of score files and this one, and by how much."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from pvdbench.analysis.bootstrap import Interval, bootstrap_of
from pvdbench.analysis.scores import score_path
from pvdbench.core.errors import DataError
from pvdbench.io.atomic import replaced_file
from pvdbench.report.inputs import Material
from pvdbench.report.render import render_against
from pvdbench.scoring.protocol import Task
from pvdbench.scoring.score_file import read_score_file


@dataclass(frozen=True)
class Moved:
    """One row of one data set, here and there, over the frames that both counted.

    Attributes:
        before, after, change: PSNR (dB); None where one of the studies lacks the row.
        frames: how many both counted.
        moved: how many of those have another PSNR.
        furthest: the frame that moved most, in words; empty where none did.
        note: what the two do not share; empty where they share every frame.
    """

    dataset: str
    task: Task
    label: str
    before: Interval | None
    after: Interval | None
    change: Interval | None
    frames: int
    moved: int
    furthest: str
    note: str

    @property
    def verdict(self) -> str:
        """Better, worse or open by the interval of the change; same where no frame moved."""
        if self.change is None:
            return "missing"
        if not self.moved:
            return "same"
        if self.change.low > 0:
            return "better"
        return "worse" if self.change.high < 0 else "open"


def build_against(material: Material, other: str, out: Path) -> None:
    """Write a page that compares this study's scores with another's.

    Args:
        other: a folder of score files (data/scores of a study, or the study's folder), or a Git revision of this
            repository whose scores DVC has.

    Raises:
        DataError: if other is neither, or a score file is damaged.
        WriteError: if the disk is full.
    """
    with _other_scores(material, other) as folder:
        rows = tuple(
            _moved(material, folder, dataset, task, row, label)
            for dataset in material.datasets
            for task, labels in material.labels.items()
            for row, label in labels.items()
        )
    with replaced_file(out) as partial:
        partial.write_text(render_against(other, material.params.protocol, rows))


@contextmanager
def _other_scores(material: Material, other: str) -> Iterator[Path]:
    """A study's folder that holds the other's data/scores."""
    with TemporaryDirectory() as name:
        scores = Path(name) / "data" / "scores"
        folder = Path(other)
        if folder.is_dir():
            found = folder / "data" / "scores"
            shutil.copytree(found if found.is_dir() else folder, scores)
        else:
            _fetch(material, other, scores)
        if not any(scores.glob("*/*/*.csv")):
            raise DataError(
                f"{other}: expected score files TASK/DATASET/ROW.csv, found none; name data/scores of a study"
            )
        yield Path(name)


def _fetch(material: Material, revision: str, scores: Path) -> None:
    """Copy the score files of a Git revision out of DVC's cache or remote."""
    from dvc.api import DVCFileSystem  # takes a second to import: only who compares revisions waits
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    where = material.study.resolve().relative_to(material.root.resolve()) / "data" / "scores"
    try:
        files = DVCFileSystem(str(material.root.resolve()), rev=revision)
        scores.parent.mkdir(parents=True, exist_ok=True)
        files.get(where.as_posix(), str(scores), recursive=True)
    except (DvcException, SCMError, OSError) as error:
        raise DataError(
            f"{revision}: expected a folder of scores or a Git revision whose scores DVC has, got "
            f"'{str(error).splitlines()[0]}'; run `dvc fetch --all-commits` or name a folder"
        ) from error


def _moved(material: Material, other: Path, dataset: str, task: Task, row: str, label: str) -> Moved:
    here, there = (
        _counted(score_path(study, task, dataset, row), task, material.params.protocol)
        for study in (material.study, other)
    )
    if here is None or there is None:
        note = "in neither" if here is there else "only there" if here is None else "only here"
        return Moved(dataset, task, label, None, None, None, 0, 0, "", note)
    both = here.index.intersection(there.index)
    after, before = here.loc[both], there.loc[both]
    videos, bootstrap = pd.Series(both.get_level_values(0), index=both), bootstrap_of(material.params)
    steps = (after - before).where(after != before, 0.0)  # infinite on both sides is no step
    unshared = len(here.index.symmetric_difference(there.index))
    return Moved(
        dataset=dataset,
        task=task,
        label=label,
        before=bootstrap.mean(before, videos),
        after=bootstrap.mean(after, videos),
        change=bootstrap.difference(after, before, videos),
        frames=len(both),
        moved=int((after != before).sum()),
        furthest=_furthest(steps),
        note=f"{unshared} frames are in one of them only" if unshared else "",
    )


def _counted(path: Path, task: Task, protocol: str) -> "pd.Series[float] | None":
    """PSNR by (video, frame); None where there is no file or nothing was counted."""
    if not path.is_file():
        return None
    table = read_score_file(path, task=task)
    frames = table[(table["protocol"] == protocol) & table["counted"]].sort_values(["video", "frame"])
    return frames.set_index(["video", "frame"])["psnr_db"] if len(frames) else None


def _furthest(steps: "pd.Series[float]") -> str:
    if not (steps != 0).any():
        return ""
    place = int(steps.abs().to_numpy().argmax())
    video, frame = steps.index[place]
    return f"{video}, {frame}: {steps.iloc[place]:+.2f} dB"
