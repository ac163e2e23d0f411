"""A table as the paper prints one: rows of labels and numbers under grouped headings, best bold, second underlined."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Mark = Literal["best", "second", ""]
MISSING = "–"


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
        return "∞" if math.isinf(value) else f"{value:.{self.columns[column].digits}f}"

    def marks(self, column: int) -> list[Mark]:
        """A mark a row, by the numbers as printed: what looks equal is marked alike."""
        better = self.columns[column].better
        if better == "neither":
            return [""] * len(self.rows)
        printed = [round(row.values[column], self.columns[column].digits) for row in self.rows]
        ranked = sorted({value for value in printed if not math.isnan(value)}, reverse=better == "higher")
        place: dict[float, Mark] = dict(zip(ranked, ("best", "second"), strict=False))  # type: ignore[arg-type]
        return [place.get(value, "") for value in printed]


def spans(labels: Sequence[object]) -> list[tuple[object, int]]:
    """Runs of equal labels with their lengths: the cells of a heading that spans columns."""
    return [(label, len(list(run))) for label, run in groupby(labels)]
