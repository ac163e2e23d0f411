"""What the report is made from: everything that a study left on disk, read once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pvdbench.core.yaml_file import load_yaml
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.figures.cost import COSTS
from pvdbench.figures.style import Picture, read_pictures
from pvdbench.report.methods import Method, read_methods
from pvdbench.report.numbers import TaskNumbers, read_numbers
from pvdbench.report.packs import Pack, number_packs, training_packs
from pvdbench.report.page import Page, Section
from pvdbench.report.provenance import Provenance, gather_provenance
from pvdbench.report.viewer import FrameName, ViewerFrames
from pvdbench.scoring.protocol import Task
from pvdbench.study.table_params import TableParams
from pvdbench.tables.cost import with_costs
from pvdbench.tables.files import DatasetTables, read_tables


@dataclass(frozen=True)
class StudyInputs:
    """One study: its parameters, and what its stages wrote.

    Attributes:
        study: the folder with the study's params.yaml, data and reports.
        root: the repository's top.
        train: the data set that the study trains on.
        datasets: the test data sets.
        ranking: the protocol whose PSNR of the blurry frames ranked them.

    Raises:
        DataError: from any property, if a file is missing or damaged; it names the stage to run.
        StudyError: outside a Git repository.
    """

    study: Path
    root: Path
    train: str
    datasets: Sequence[str]
    params: TableParams
    ranking: str

    @property
    def reports(self) -> Path:
        """The folder that people read."""
        return self.study / "reports"

    @cached_property
    def labels(self) -> dict[Task, dict[str, str]]:
        """Row name to label of each task."""
        return {"deblur": self.params.deblur_labels, "motion": self.params.table1}

    @cached_property
    def started(self) -> bool:
        """Whether there are scores or tables; a study without either has a page that says so."""
        return (self.reports / "tables").exists() or bool(self.score_files)

    @cached_property
    def score_files(self) -> tuple[str, ...]:
        """Every score file, from data/scores on."""
        folder = self.study / "data" / "scores"
        return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")))

    @cached_property
    def tables(self) -> tuple[DatasetTables, ...]:
        """Those of every data set, with what this machine measured filled in."""
        if not self.started:
            return ()
        return tuple(with_costs(self.study, read_tables(self.reports / "tables", name)) for name in self.datasets)

    @cached_property
    def upper_bounds(self) -> frozenset[str]:
        """The rows of `deblur` that the tables mark as upper bounds."""
        tables = (table for measured in self.tables for table in measured.tables)
        return frozenset(row.name for table in tables for row in table.rows if row.bound)

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """Figures of every data set and of training, then those of what this machine measured."""
        folders = (self.reports / "figures", self.reports / COSTS)
        return tuple(picture for folder in folders for picture in read_pictures(folder)) if self.started else ()

    @cached_property
    def numbers(self) -> tuple[TaskNumbers, ...]:
        """The score files of every data set and task that has some."""
        found = (
            read_numbers(self.study, task, dataset, rows)
            for dataset in self.datasets
            for task, rows in self.labels.items()
        )
        return tuple(part for part in found if part.rows)

    @cached_property
    def provenance(self) -> Provenance:
        """What made it all."""
        return gather_provenance(self.study, self.root, list(dict.fromkeys((self.train, *self.datasets))))

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """A page for every row that the tables name."""
        settings: dict[str, Any] = load_yaml(self.provenance.params)
        return read_methods(self.study, settings, self.labels, self.numbers, self.params.protocol, self.datasets)

    def clips(self, dataset: str) -> tuple[ClipFiles, ...]:
        """The test clips of a data set, where it is on disk."""
        folder = self.root / "data" / dataset
        return tuple(read_clips(folder, "test")) if (folder / "manifest.csv").is_file() else ()

    def viewer_frames(self, dataset: str) -> ViewerFrames:
        """The frames of a data set that the viewer shows."""
        figures = self.params.figures
        return ViewerFrames(
            dataset=dataset,
            clips=self.clips(dataset),
            folder=self.study / "data",
            deblur=tuple(self.labels["deblur"]),
            motion=tuple(self.labels["motion"]),
            examples={"deblur": figures.deblur, "warped": figures.flow},
        )

    def extreme_frames(self, dataset: str) -> Iterator[FrameName]:
        """The worst and the best frames of every row: the most extreme of all rows first."""
        for frames in zip_longest(*(ends for method in self.methods for ends in (method.worst, method.best))):
            yield from ((f.video, f.frame) for f in frames if f and f.dataset == dataset)

    def packs(self) -> Iterator[Pack]:
        """All numbers that the page shows."""
        for part in self.numbers:
            unranked = self.upper_bounds if part.task == "deblur" else frozenset[str]()
            yield from number_packs(part, self.params.percent_choices, unranked)
        yield from training_packs(self.study)

    def page(self) -> Page:
        """What the report says."""
        return Page(
            title=f"PVDNet, measured on {' and '.join(self.datasets)}",
            sections=tuple(
                Section(measured, tuple(p for p in self.pictures if p.dataset == measured.dataset))
                for measured in self.tables
            ),
            training=tuple(picture for picture in self.pictures if not picture.dataset),
            qualitative=tuple(p for p in self.pictures if p.dataset and p.dataset not in self.datasets),
            provenance=self.provenance,
            methods=self.methods,
            scores=self.score_files,
        )
