"""What the report says, before it is HTML: one frozen page, made from tables, figures and provenance."""

from collections import Counter
from dataclasses import dataclass

from pvdbench.report.provenance import Provenance
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.findings import Finding
from pvdbench.tables.picture import Picture
from pvdbench.tables.published import PAPER_DATASET
from pvdbench.tables.table import Table

_PAPER_TABLES = ("table1", "table2", "table3", "section44")


@dataclass(frozen=True)
class Order:
    """Whether the paper's ranking of one table appears: a sentence, and its neighbours two by two."""

    table: str
    sentence: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Section:
    """One test data set."""

    measured: DatasetTables
    pictures: tuple[Picture, ...]

    @property
    def is_papers(self) -> bool:
        """Whether the paper measured on these videos, too."""
        return self.measured.dataset == PAPER_DATASET

    @property
    def tables(self) -> tuple[Table, ...]:
        """The paper's tables."""
        return tuple(table for table in self.measured.tables if table.name in _PAPER_TABLES)

    @property
    def clips(self) -> tuple[Table, ...]:
        """The rows clip by clip."""
        return tuple(table for table in self.measured.tables if table.name not in _PAPER_TABLES)

    @property
    def gains(self) -> tuple[Finding, ...]:
        """What the paper claims of its method as a whole, held against this data set."""
        return tuple(finding for finding in self.measured.findings if finding.kind == "gain")

    @property
    def orders(self) -> tuple[Order, ...]:
        """The paper's rankings, held against this data set."""
        found = [finding for finding in self.measured.findings if finding.kind == "order"]
        tables = dict.fromkeys(finding.table for finding in found)
        return tuple(_order(table, tuple(f for f in found if f.table == table)) for table in tables)


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    sections: tuple[Section, ...]
    training: tuple[Picture, ...]
    provenance: Provenance


def _order(table: str, findings: tuple[Finding, ...]) -> Order:
    verdicts = Counter(finding.verdict for finding in findings)
    name = f"Table {table.removeprefix('table')}"
    pairs = f"{len(findings)} neighbouring pair{'s' if len(findings) > 1 else ''}"
    if verdicts["appears"] == len(findings):
        return Order(table, f"The paper's order of {name} appears here in all its {pairs}.", findings)
    sentence = (
        f"The paper's order of {name} does not appear in full here: of its {pairs}, {verdicts['appears']} appear, "
        f"{verdicts['reversed']} come out reversed, and for {verdicts['unclear']} the interval leaves it open."
    )
    return Order(table, sentence, findings)
