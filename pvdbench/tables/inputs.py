"""What the tables of one data set are made of, read once for all of them, and what their captions must say."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pvdbench.analysis.intervals import clips_text
from pvdbench.analysis.published import PAPER_DATASET, Published
from pvdbench.analysis.ranks import Ranking
from pvdbench.analysis.scores import Scores
from pvdbench.analysis.skipped import Skipped
from pvdbench.core.errors import DataError
from pvdbench.datasets.subset import describe_subset
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.study.table_params import TableParams
from pvdbench.tables.table import UPPER_BOUND

PAPER_SOURCE = "Paper, on Su et al."


@dataclass(frozen=True)
class Context:
    """One data set under one protocol; clips, frames and sizes are those of its test split, width and height the
    largest.
    """

    dataset: str
    about: str
    protocol: str
    ranking: str
    percent: float
    clips: int
    frames: int
    width: int
    height: int
    sizes: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> str:
        """Width and height of the frames; of several sizes the smallest and the largest, by pixels."""
        if len(self.sizes) < 2:
            return f"{self.width}x{self.height}"
        (width, height), *_, (most_wide, most_high) = self.sizes
        return f"{len(self.sizes)} sizes, {width}x{height} to {most_wide}x{most_high}"

    @property
    def source(self) -> str:
        """The heading over measured numbers."""
        return f"Measured on {self.dataset}"

    @property
    def data(self) -> str:
        """The data set in a few words."""
        frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
        clips = f"{clips_text(self.clips)}, {frames} of {self.size}"
        return f"{self.dataset} ({', '.join(filter(None, (self.about, clips)))})"

    def scored(self, counted: int) -> str:
        """Where and how frames were scored, and how many of them the protocol counts."""
        return f"Measured on {self.data} under the protocol {self.protocol}, which counts {counted} of the frames"

    @property
    def ranked(self) -> str:
        """By what frames were ranked, for tables and figures that group them."""
        return f"Within each clip frames are ranked by the PSNR of the blurry frame under {self.ranking}."

    def beside_paper(self, measured: str) -> str:
        """A sentence that begins with measured and says how to read the numbers beside the paper's."""
        if self.dataset == PAPER_DATASET:
            return f"{measured}, beside the paper's numbers on the same videos."
        return (
            f"{measured}, not on Su et al.'s videos (10 clips, 1000 frames of 1280x720): "
            "not comparable in absolute terms with the paper's columns."
        )

    def group_heading(self, group: str) -> str:
        """The heading of a group of frames."""
        return "Entire test set" if group == "all" else f"{group.capitalize()} {self.percent:g} %"


def read_context(root: Path, dataset: str, params: TableParams, *, ranking: str) -> Context:
    """Read a data set's size from its manifest.

    Args:
        ranking: the protocol whose PSNR of the blurry frames ranked them.

    Raises:
        DataError: if there is no manifest or no test split.
    """
    path = root / "data" / dataset / "manifest.csv"
    table = read_table(path, MANIFEST)
    test = table[table["split"] == "test"]
    if test.empty:
        raise DataError(f"{path} has no frames of the split 'test'; fetch or render the data set again")
    sizes = tuple(sorted(set(zip(map(int, test["width"]), map(int, test["height"]), strict=True)), key=math.prod))
    return Context(
        dataset=dataset,
        about=", ".join(filter(None, (params.about.get(dataset), describe_subset(path.parent)))),
        protocol=params.protocol,
        ranking=ranking,
        percent=params.percent,
        clips=int(test["video"].nunique()),
        frames=len(test),
        width=sizes[-1][0],
        height=sizes[-1][1],
        sizes=sizes,
    )


@dataclass(frozen=True)
class TableInputs:
    """One data set of a study.

    Attributes:
        study: the folder with the study's data.
        context: what captions say of the data set.
        wanted: key `tables` of params.yaml, with the rows whose method failed.
        skipped: those rows.
        motion, deblur: the scores of the rows of Table 1, and of all other tables, under the study's protocol.
        bounds: rows of `deblur` that look at the truth, which are not ranked.
    """

    study: Path
    context: Context
    wanted: TableParams
    skipped: Skipped
    published: Published
    motion: Scores
    deblur: Scores
    bounds: Collection[str] = ()

    @cached_property
    def params(self) -> TableParams:
        """Key `tables` with the rows that have a result."""
        return self.skipped.without(self.wanted)

    def marked(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Labels of rows of `deblur` as they stand in headings, where an upper bound is called one."""
        return {row: f"{label} ({UPPER_BOUND})" if row in self.bounds else label for row, label in labels.items()}

    @property
    def complexity(self) -> Path:
        """The folder with ROW.json of each deblurring row."""
        return self.study / "data" / "complexity" / "deblur" / self.context.dataset

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """Deblurring and motion, where any row has a result."""
        results = {row: label for row, label in self.params.deblur_labels.items() if row not in self.bounds}
        tasks = (
            Ranking("deblur", results, self.deblur),
            Ranking("motion", self.params.table1, self.motion),
        )
        return tuple(task for task in tasks if task.scores and task.labels)
