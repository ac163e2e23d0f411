"""What the report says, before it is HTML: one frozen page, made from tables, figures and provenance."""

from collections import Counter
from dataclasses import dataclass, replace

from pvdbench.analysis.findings import Finding
from pvdbench.analysis.published import PAPER_DATASET
from pvdbench.figures.style import Picture
from pvdbench.report.methods import Method
from pvdbench.report.overview import three_sentences
from pvdbench.report.provenance import Provenance
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.table import Table

_INTERVALS = (
    "Clips differ by more than rows do, so the intervals of two averages overlap where their paired difference, frame "
    "by frame, still tells them apart. Ranks follow the paired differences."
)
_PROTOCOL = (
    "Papers score the same frames by different programs. Here one method goes through all of them, and each step from "
    "one program to another is measured."
)
_LITERATURE = (
    "What papers and repositories print for the same videos, each protocol in columns of its own: numbers of different "
    "columns must not be compared."
)
_UNPUBLISHED = "There are none for this data set: numbers of other videos are no comparison."
_BLUR = (
    "Tables 1 and 2 print the sharpest and the blurriest frames of each clip. Here is everything between: each clip's "
    "frames ranked by blur, a tenth at a time."
)
_COST = "What a row's quality costs: its size, its work, its time on this machine, and its memory."
_STEADINESS = "PSNR sees one frame at a time. What flickers between two frames is measured apart."


@dataclass(frozen=True)
class Order:
    """Whether the paper's ranking of one table appears: a sentence, and its neighbours two by two."""

    table: str
    sentence: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Part:
    """One heading of a data set's section: an opening, pictures, tables, and files that are not shown.

    Attributes:
        key: its anchor is DATASET-KEY.
        shows: names of tables, and of pictures without data set and ending.
        files: name and label of files in reports/tables, without the data set's name before them.
        missing: what is said where there is nothing to show; without it the heading goes, too.
    """

    key: str
    title: str
    opening: str
    shows: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    missing: str = ""


_PARTS = (
    Part("tables", "The paper's tables", "", ("table1", "table2", "table3", "table4", "variants", "section44")),
    Part(
        "ranking",
        "Ranks and paired differences",
        _INTERVALS,
        tuple(
            f"{table}-{task}{group}"
            for task in ("deblur", "motion")
            for table, group in (("ranks", ""), ("differences", "-all"), ("differences", "-blurriest"))
        ),
        (("pairs-deblur.csv", "All pairs of deblurring rows as CSV"), ("pairs-motion.csv", "of motion rows")),
    ),
    Part("cost", "Quality and cost", _COST, ("cost",)),
    Part("by-protocol", "One method under every protocol", _PROTOCOL, ("lens", "steps")),
    Part("literature", "Published numbers", _LITERATURE, ("published",), missing=_UNPUBLISHED),
    Part("by-blur", "From blurry to sharp", _BLUR, ("quantiles", "blurriness")),
    Part("steadiness", "From frame to frame", _STEADINESS, ("temporal",)),
    Part("clips", "Clip by clip", "", ("clips-deblur", "clips-motion")),
)
_FIGURES = Part("figures", "Frames", "", ())


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
    def parts(self) -> tuple["Shown", ...]:
        """What there is to show, under its headings; a table or picture that no part names is under the last."""
        named = {name for part in _PARTS for name in part.shows}
        rest = [name for name in (*self._tables, *self._pictures) if name not in named]
        parts = [*_PARTS[:-1], replace(_FIGURES, shows=tuple(rest)), _PARTS[-1]]
        shown = (
            Shown(
                part,
                tuple(self._pictures[name] for name in part.shows if name in self._pictures),
                tuple(self._tables[name] for name in part.shows if name in self._tables),
            )
            for part in parts
        )
        return tuple(part for part in shown if part.pictures or part.tables or part.part.missing)

    @property
    def _tables(self) -> dict[str, Table]:
        return {table.name: table for table in self.measured.tables}

    @property
    def _pictures(self) -> dict[str, Picture]:
        start = f"{self.measured.dataset}-"
        return {picture.file.removeprefix(start).rpartition(".")[0]: picture for picture in self.pictures}

    @property
    def overview(self) -> tuple[str, ...]:
        """What was asked and what won."""
        return three_sentences(self.measured)

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
class Shown:
    """A part with what a data set has of it."""

    part: Part
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Page:
    """The whole report.

    Attributes:
        sections: none where nothing was scored yet.
        qualitative: pictures of videos without truth.
        scores: the score files that can be downloaded, from data/scores on.
    """

    title: str
    sections: tuple[Section, ...]
    training: tuple[Picture, ...]
    provenance: Provenance
    methods: tuple[Method, ...] = ()
    scores: tuple[str, ...] = ()
    qualitative: tuple[Picture, ...] = ()

    @property
    def unscored(self) -> tuple[Method, ...]:
        """Rows without a score, each with a note that says why."""
        return tuple(method for method in self.methods if method.note)


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
