"""The content of the report, before it is HTML: headings with their tables and figures, methods and provenance."""

from collections import Counter
from dataclasses import dataclass

from pvdbench.analysis.findings import Finding
from pvdbench.analysis.published import PAPER_DATASET
from pvdbench.core.errors import DataError
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
_STEADINESS = "PSNR sees one frame at a time. Flicker between two frames needs measures of its own."


@dataclass(frozen=True)
class Order:
    """Whether the paper's ranking of one table appears: a sentence, and its neighbours two by two."""

    table: str
    sentence: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Part:
    """One heading of a data set's section; tables and pictures say by its key that they belong under it.

    Attributes:
        key: its anchor is DATASET-KEY.
        files: name and label of files in reports/tables, without the data set's name before them.
        missing: what is said where there is nothing to show; without it the heading goes, too.
    """

    key: str
    title: str
    opening: str = ""
    files: tuple[tuple[str, str], ...] = ()
    missing: str = ""


PARTS = (
    Part("tables", "The paper's tables"),
    Part(
        "ranking",
        "Ranks and paired differences",
        _INTERVALS,
        (("pairs-deblur.csv", "All pairs of deblurring rows as CSV"), ("pairs-motion.csv", "of motion rows")),
    ),
    Part("cost", "Quality and cost", _COST),
    Part("by-protocol", "One method under every protocol", _PROTOCOL),
    Part("literature", "Published numbers", _LITERATURE, missing=_UNPUBLISHED),
    Part("by-blur", "From blurry to sharp", _BLUR),
    Part("steadiness", "From frame to frame", _STEADINESS),
    Part("figures", "Frames"),
    Part("clips", "Clip by clip"),
)
"""Every heading in the page's order; a table or picture that names none of these keys is refused."""


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
        """The headings that there is something to show or to say under.

        Raises:
            DataError: if a table or a picture belongs under none.
        """
        everything: tuple[Table | Picture, ...] = (*self.measured.tables, *self.pictures)
        for shown in everything:
            _check_part(shown)
        parts = (
            Shown(
                part,
                tuple(picture for picture in self.pictures if picture.part == part.key),
                tuple(table for table in self.measured.tables if table.part == part.key),
            )
            for part in PARTS
        )
        return tuple(part for part in parts if part.pictures or part.tables or part.part.missing)

    @property
    def overview(self) -> tuple[str, ...]:
        """The question and its answer, in three sentences."""
        return three_sentences(self.measured)

    @property
    def gains(self) -> tuple[Finding, ...]:
        """Whether what the paper claims of its method as a whole appears on this data set."""
        return tuple(finding for finding in self.measured.findings if finding.kind == "gain")

    @property
    def orders(self) -> tuple[Order, ...]:
        """Whether the paper's rankings appear on this data set."""
        found = [finding for finding in self.measured.findings if finding.kind == "order"]
        tables = dict.fromkeys(finding.table for finding in found)
        return tuple(_order(table, tuple(f for f in found if f.table == table)) for table in tables)


@dataclass(frozen=True)
class Shown:
    """One heading with the pictures and tables of a data set that belong under it."""

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


def _check_part(what: Table | Picture) -> None:
    if what.part in {part.key for part in PARTS}:
        return
    name = f"table '{what.name}'" if isinstance(what, Table) else f"figure '{what.file}'"
    keys = ", ".join(part.key for part in PARTS)
    raise DataError(f"{name} of '{what.dataset}': unknown part '{what.part}'; set its part to one of {keys}")


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
