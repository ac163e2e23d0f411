"""Every score of a study computed again, or that of some frames a row, beside the file that the study has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pvdbench.core.errors import PvdbenchError
from pvdbench.core.executor import Jobs
from pvdbench.datasets.manifest import read_clips
from pvdbench.scoring.dataset import Place, ScoredRow, score_row
from pvdbench.scoring.pixel_volume import Sources, score_volume
from pvdbench.scoring.protocol import Task
from pvdbench.scoring.truth import TABLE, score_truth
from pvdbench.study.distance import Distance, described, table_changes
from pvdbench.study.study import Study

_Score = Callable[[set[Place] | None], Path]
"""Scores the frames given, all for None, and returns the file that it wrote."""


@dataclass(frozen=True)
class Rescored:
    """One score file whose numbers are not what scoring gives now.

    Attributes:
        path: of the study's file.
        sources: the folders that it was computed from: the data set's, and those with frames.
    """

    path: Path
    sources: tuple[Path, ...]
    distance: Distance


class Rescoring:
    """Scores a study again into a folder that is removed later."""

    def __init__(self, study: Study, folder: Path, sample: int | None, jobs: Jobs) -> None:
        """Take where to write, how many frames a row to score (None: all), and the processes to do it by."""
        self._study, self._folder, self._sample, self._jobs = study, folder, sample, jobs
        self._turn = 0

    def differing(self) -> Iterator[Rescored]:
        """Score row after row; those whose file says something else."""
        study = self._study
        for dataset in study.params.datasets.test:
            yield from self._truth(dataset)
            for name in study.params.motion:
                yield from self._row(dataset, name, "motion", study.data("motion", dataset, name))
            for name in study.params.deblur:
                yield from self._row(dataset, name, "deblur", study.data("deblur", dataset, name))
            yield from self._volume(dataset)

    def _truth(self, dataset: str) -> Iterator[Rescored]:
        study, out, folder = self._study, self._folder / "truth", self._study.dataset(dataset)
        path = study.data("truth", dataset, TABLE)

        def score(only: set[Place] | None) -> Path:
            score_truth(folder, out, ranking=study.params.protocols.ranking, jobs=self._jobs, only=only)
            return out / TABLE

        yield from self._compared(dataset, path, (folder,), score)

    def _row(self, dataset: str, name: str, task: Task, frames: Path) -> Iterator[Rescored]:
        study, out, folder = self._study, self._folder / f"{name}.csv", self._study.dataset(dataset)
        truth = study.data("truth", dataset) if task == "deblur" else None
        row = ScoredRow(dataset, name, task, folder, frames, truth=truth)
        path = study.data("scores", task, dataset, f"{name}.csv")

        def score(only: set[Place] | None) -> Path:
            score_row(row, out, protocols=study.params.protocols.names, jobs=self._jobs, only=only)
            return out

        yield from self._compared(dataset, path, (folder, frames), score)

    def _volume(self, dataset: str) -> Iterator[Rescored]:
        study, out, folder = self._study, self._folder / "volume.csv", self._study.dataset(dataset)
        volume = study.params.protocols.volume
        sources = Sources(
            study.data("motion", dataset, volume.motion),
            study.data("deblur", dataset, volume.volume_row),
            study.data("deblur", dataset, volume.warp_row),
        )

        def score(_: set[Place] | None) -> Path:  # it is of a few frames always
            score_volume(folder, sources, out, dataset=dataset, frames_per_video=volume.frames_per_video,
                         tolerances=volume.tolerances, network=study.network_params(volume.volume_row))  # fmt: skip
            return out

        path = study.data("scores", "volume", f"{dataset}.csv")
        yield from self._compared(dataset, path, (folder, *vars(sources).values()), score, sampled=False)

    def _compared(
        self, dataset: str, path: Path, sources: tuple[Path, ...], score: _Score, *, sampled: bool = True
    ) -> Iterator[Rescored]:
        """Score and compare; what cannot be scored, or a file that cannot be read, is a difference, too."""
        if not path.is_file():  # said where the study's files are compared with dvc.lock
            return
        try:
            places = self._places(dataset) if sampled else None
            changes = list(table_changes(path, score(places), places=places))
        except PvdbenchError as error:
            yield Rescored(path, sources, Distance(f"it cannot be scored again: {error}"))
            return
        if changes:
            yield Rescored(path, sources, described(changes))

    def _places(self, dataset: str) -> set[Place] | None:
        """The frames to score: the same ones at each call of the command, others from row to row."""
        if self._sample is None:
            return None
        self._turn += 1
        clips = read_clips(self._study.dataset(dataset), "test")
        places = [(clip.video, frame.name) for clip in clips for frame in clip.frames]
        chosen = np.random.default_rng(self._turn).permutation(len(places))[: self._sample]
        return {places[number] for number in chosen}
