"""What the figures of one data set are made of, read once and handed to every figure."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pvdbench.analysis.scores import Scores
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.networks.params import NetworkParams
from pvdbench.study.table_params import ExampleParams, TableParams
from pvdbench.tables.inputs import Context


@dataclass(frozen=True)
class FigureInputs:
    """One data set of a study.

    Attributes:
        study: the folder with the study's data.
        root: the repository's top, which holds the data sets.
        context: what captions say of the data set.
        params: key `tables` of params.yaml with the rows that have a result.
        network: of the row with the pixel volume in the figure like Fig. 4.
        motion, deblur: the scores of the rows of Table 1, and of all other tables, under the study's protocol.
        folder: where pictures are written.
    """

    study: Path
    root: Path
    context: Context
    params: TableParams
    network: NetworkParams
    motion: Scores
    deblur: Scores
    folder: Path

    @property
    def dataset(self) -> str:
        """The data set's name."""
        return self.context.dataset

    @cached_property
    def clips(self) -> dict[str, ClipFiles]:
        """The test clips by name."""
        return {clip.video: clip for clip in read_clips(self.root / "data" / self.dataset, "test")}

    @property
    def compares(self) -> bool:
        """Whether both rows that the figure like Fig. 7 compares have a result."""
        return comparable(self.params.figures.deblur, self.deblur)


def comparable(example: ExampleParams, scores: Scores) -> bool:
    """Whether both rows that a figure compares have a result."""
    return example.better in scores and example.worse in scores
