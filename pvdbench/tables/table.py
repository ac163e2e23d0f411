"""A table as the paper prints one: rows of labels and numbers under grouped headings, best bold, second underlined."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Literal, TypeVar

from pvdbench.analysis.intervals import IDENTICAL, Interval, clips_text

Label = TypeVar("Label")
Mark = Literal["best", "second", ""]
Better = Literal["higher", "lower", "neither"]
Value = float | str | Interval
Origin = Literal["measured", "published", "compared"]
Statistic = Literal["", "mean", "rank", "places", "difference"]
UPPER_BOUND = "upper bound"
"""What stands beside the label of a row that looks at the truth."""

_EXPLAINED = "A row that looks at the truth is an upper bound, no result, and earns no mark."
MISSING = "\u2013"  # an en dash


@dataclass(frozen=True)
class Column:
    """One column of numbers, or of words.

    Attributes:
        key: its name in the CSV, unit included.
        source: the top heading: where the numbers are from.
        group: the heading between, such as "Entire test set"; may be empty.
        heading: its own heading, unit included.
        digits: after the decimal point.
        better: which numbers earn marks.
        interval: whether its numbers have intervals; then the CSV has KEY_low, KEY_high and
            KEY_clips.
        identical: whether frames equal to the truth are left out of its means; then the CSV counts them in
            KEY_identical.
        signed: whether a plus is printed, as for differences.
        origin: measured here, published by others, or one compared with the other.
        frames: the group of frames that its numbers are over, such as blurriest, tenth-0 or clip-NAME; empty where
            they are over none or several.
        statistic: what the report looks its numbers up by, under any protocol and percentage; empty where they do not
            depend on these.
        metric: of the statistic.
        minus: the row that a difference subtracts.
    """

    key: str
    source: str
    group: str
    heading: str
    digits: int
    better: Better = "neither"
    interval: bool = False
    identical: bool = False
    signed: bool = False
    origin: Origin = "measured"
    frames: str = ""
    statistic: Statistic = ""
    metric: str = ""
    minus: str = ""


@dataclass(frozen=True)
class Row:
    """One row: its name in params.yaml (empty if only the paper has it), its label, a value a column or NaN.

    Attributes:
        link: the source of its published numbers, where that differs from row to row.
        skipped: why it has no result, where its method failed.
        bound: whether it has looked at the truth: an upper bound, which earns no marks.
    """

    name: str
    label: str
    values: tuple[Value, ...]
    link: str = ""
    skipped: str = ""
    bound: bool = False

    @property
    def note(self) -> str:
        """What stands beside its label: that it is an upper bound, why it has no result; often nothing."""
        return "; ".join(filter(None, (UPPER_BOUND * self.bound, self.skipped)))


@dataclass(frozen=True)
class Cell:
    """A value as printed: the number or words, its bounds where it has an interval, how many frames it leaves out."""

    text: str
    mark: Mark
    bounds: tuple[str, str] | None
    identical: int


@dataclass(frozen=True)
class Table:
    """A table of one data set and protocol.

    Attributes:
        name: its file name without ending.
        part: the heading of the report under which it belongs, a key of report.page.PARTS.
        task: motion or deblur, whose statistics its columns show; empty where they show none.
    """

    name: str
    title: str
    caption: str
    dataset: str
    protocol: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    part: str = ""
    task: str = ""

    def text(self, row: Row, column: int) -> str:
        """A value as printed; an en dash where there is none."""
        value = row.values[column]
        return value if isinstance(value, str) else _printed(number(value), self.columns[column])

    def cell(self, row: Row, column: int, mark: Mark) -> Cell:
        """A value with all that is printed beside it."""
        value, text = row.values[column], self.text(row, column)
        if not isinstance(value, Interval):
            return Cell(text, mark, None, 0)
        bounds = (_printed(value.low, self.columns[column]), _printed(value.high, self.columns[column]))
        known = self.columns[column].interval and not math.isnan(value.low)
        return Cell(text, mark, bounds if known else None, 0 if text == IDENTICAL else value.identical)

    def with_upper_bounds(self, bounds: Collection[str]) -> "Table":
        """The same with the rows of these names, if there are any, as upper bounds.

        Args:
            bounds: rows of `deblur`; one of `motion` that is called the same is none.
        """
        rows = tuple(replace(row, bound=row.name in bounds) for row in self.rows)
        if self.task == "motion" or not any(row.bound for row in rows):
            return self
        return replace(self, rows=rows, caption=f"{self.caption} {_EXPLAINED}")

    def with_skipped(self, labels: Mapping[str, str], reasons: Mapping[str, str]) -> "Table":
        """The same with the rows whose method failed, each with its reason; the paper's numbers stay.

        Args:
            labels: of all rows that the table would have, by row name.
            reasons: why a row has no result, by row name.
        """
        gone = {row: label for row, label in labels.items() if row in reasons}
        by_label = {label: row for row, label in gone.items()}
        rows = [
            replace(row, name=by_label[row.label], skipped=reasons[by_label[row.label]])
            if not row.name and row.label in by_label
            else row
            for row in self.rows
        ]
        there = {row.name for row in rows}
        empty = (math.nan,) * len(self.columns)
        rows += [Row(row, label, empty, skipped=reasons[row]) for row, label in gone.items() if row not in there]
        return replace(self, rows=tuple(rows))

    @property
    def headings(self) -> list[tuple[str, str]]:
        """Source and group of every column; equal neighbours share a heading."""
        return [(column.source, column.group) for column in self.columns]

    @cached_property  # every column's width, note and mark asks for them
    def cells(self) -> list[list[Cell]]:
        """Every row's values as printed, with their marks."""
        marks = [self.marks(c) for c in range(len(self.columns))]
        return [[self.cell(row, c, marks[c][r]) for c in range(len(marks))] for r, row in enumerate(self.rows)]

    @property
    def has_intervals(self) -> bool:
        """Whether any interval is printed."""
        return any(cell.bounds for cells in self.cells for cell in cells)

    @property
    def interval_note(self) -> str:
        """What the intervals are over; that one clip leaves none; empty where no number can have one."""
        pairs = [pair for row in self.rows for pair in zip(row.values, self.columns, strict=True)]
        values = [value for value, column in pairs if isinstance(value, Interval) and column.interval]
        clips = sorted({value.videos for value in values if not math.isnan(value.low)})
        if clips:
            several = f"{clips[0]} to {clips[-1]} clips" if len(clips) > 1 else clips_text(clips[0])
            return f"95 % intervals over {several}."
        return "One clip leaves no interval." if any(value.videos == 1 for value in values) else ""

    @property
    def has_identical(self) -> bool:
        """Whether any mean leaves frames out because they equal the truth."""
        return any(cell.identical or cell.text == IDENTICAL for cells in self.cells for cell in cells)

    def is_papers(self, column: int) -> bool:
        """Whether a column holds published numbers rather than measured ones."""
        return self.columns[column].origin == "published"

    def is_text(self, column: int) -> bool:
        """Whether a column holds words."""
        return any(isinstance(row.values[column], str) for row in self.rows)

    def marks(self, column: int) -> list[Mark]:
        """A mark a row, by the numbers as printed: what looks equal is marked alike."""
        better = self.columns[column].better
        if better == "neither":
            return [""] * len(self.rows)
        printed = [round(number(row.values[column]), self.columns[column].digits) for row in self.rows]
        results = {
            value for value, row in zip(printed, self.rows, strict=True) if not math.isnan(value) and not row.bound
        }
        ranked = sorted(results, reverse=better == "higher")
        place: dict[float, Mark] = dict(zip(ranked, ("best", "second"), strict=False))
        return ["" if row.bound else place.get(value, "") for value, row in zip(printed, self.rows, strict=True)]


def number(value: Value) -> float:
    """A value as one number; NaN for words."""
    if isinstance(value, Interval):
        return value.mean
    return math.nan if isinstance(value, str) else value


def psnr_column(
    key: str, source: str, group: str, heading: str = "PSNR (dB)", *, better: Better = "higher", frames: str = ""
) -> Column:
    """Measured PSNR with its intervals; with frames the report can look it up under any protocol."""
    return Column(
        key, source, group, heading, 2, better, interval=True, identical=True, frames=frames,
        statistic="mean" if frames else "", metric="psnr_db",
    )  # fmt: skip


def ssim_column(key: str, source: str, group: str, *, better: Better = "higher", frames: str = "") -> Column:
    """Measured SSIM with its intervals; frames equal to the truth have an SSIM of 1 and stay in."""
    return Column(
        key, source, group, "SSIM", 3, better, interval=True, frames=frames,
        statistic="mean" if frames else "", metric="ssim",
    )  # fmt: skip


def spans(labels: Sequence[Label]) -> list[tuple[Label, int]]:
    """Runs of equal labels with their lengths: the cells of a heading that spans columns."""
    return [(label, len(list(run))) for label, run in groupby(labels)]


def decimal(value: float, digits: int, *, signed: bool = False) -> str:
    """A number as printed: an en dash for none, a word for the PSNR of identical frames, no sign before zero."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return IDENTICAL
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return text.replace("-", "\u2212") if text.strip("+-0.") else text.lstrip("+-")


def _printed(value: float, column: Column) -> str:
    return decimal(value, column.digits, signed=column.signed)
