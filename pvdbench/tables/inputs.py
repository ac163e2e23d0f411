"""What the tables of one data set are made of: statistics' inputs, read once and handed to every table."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pvdbench.analysis.bootstrap import Bootstrap, bootstrap_of
from pvdbench.analysis.published import Published
from pvdbench.analysis.ranks import Ranking
from pvdbench.analysis.scores import Scores
from pvdbench.analysis.skipped import Skipped
from pvdbench.study.table_params import TableParams
from pvdbench.tables.captions import Context


@dataclass(frozen=True)
class TableInputs:
    """One data set of a study.

    Attributes:
        study: the folder with the study's data.
        context: what captions say of the data set.
        wanted: key `tables` of params.yaml, with the rows whose method failed.
        skipped: those rows.
        motion, deblur: the scores of the rows of Table 1, and of all other tables, under the study's protocol.
    """

    study: Path
    context: Context
    wanted: TableParams
    skipped: Skipped
    published: Published
    motion: Scores
    deblur: Scores

    @cached_property
    def params(self) -> TableParams:
        """Key `tables` with the rows that have a result."""
        return self.skipped.without(self.wanted)

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """How the study draws its intervals."""
        return bootstrap_of(self.wanted)

    @property
    def complexity(self) -> Path:
        """The folder with ROW.json of each deblurring row."""
        return self.study / "data" / "complexity" / "deblur" / self.context.dataset

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """Deblurring and motion, where any row has a result."""
        tasks = (
            Ranking("deblur", self.params.deblur_labels, self.deblur, self.bootstrap),
            Ranking("motion", self.params.table1, self.motion, self.bootstrap),
        )
        return tuple(task for task in tasks if task.scores)
