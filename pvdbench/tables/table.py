"""A table as the paper prints one: rows of labels and numbers under grouped headings, best bold, second underlined."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeVar

Label = TypeVar("Label")
Mark = Literal["best", "second", ""]
MISSING, INFINITE = "\u2013", "\u221e"  # an en dash


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
        key: its name in the CSV, unit included.
        source: the top heading: where the numbers are from.
        group: the heading between, such as "Entire test set"; may be empty.
        heading: its own heading, unit included.
        digits: after the decimal point.
        better: which numbers earn marks.
    """

    key: str
    source: str
    group: str
    heading: str
    digits: int
    better: Literal["higher", "lower", "neither"] = "neither"


@dataclass(frozen=True)
class Row:
    """One row: its name in params.yaml (empty if only the paper has it), its label, a number a column or NaN."""

    name: str
    label: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Table:
    """A table of one data set and protocol; name is its file name without ending."""

    name: str
    title: str
    caption: str
    dataset: str
    protocol: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def text(self, row: Row, column: int) -> str:
        """A number as printed; an en dash where there is none."""
        value = row.values[column]
        if math.isnan(value):
            return MISSING
        return INFINITE if math.isinf(value) else f"{value:,.{self.columns[column].digits}f}"

    @property
    def headings(self) -> list[tuple[str, str]]:
        """Source and group of every column; equal neighbours share a heading."""
        return [(column.source, column.group) for column in self.columns]

    @property
    def cells(self) -> list[list[tuple[str, Mark]]]:
        """Every row's numbers as printed, with their marks."""
        marks = [self.marks(c) for c in range(len(self.columns))]
        return [[(self.text(row, c), marks[c][r]) for c in range(len(marks))] for r, row in enumerate(self.rows)]

    def is_papers(self, column: int) -> bool:
        """Whether a column holds published numbers rather than measured ones."""
        return self.columns[column].key.startswith("paper_")

    def marks(self, column: int) -> list[Mark]:
        """A mark a row, by the numbers as printed: what looks equal is marked alike."""
        better = self.columns[column].better
        if better == "neither":
            return [""] * len(self.rows)
        printed = [round(row.values[column], self.columns[column].digits) for row in self.rows]
        ranked = sorted({value for value in printed if not math.isnan(value)}, reverse=better == "higher")
        place: dict[float, Mark] = dict(zip(ranked, ("best", "second"), strict=False))
        return [place.get(value, "") for value in printed]


def spans(labels: Sequence[Label]) -> list[tuple[Label, int]]:
    """Runs of equal labels with their lengths: the cells of a heading that spans columns."""
    return [(label, len(list(run))) for label, run in groupby(labels)]
