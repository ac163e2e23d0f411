"""Rows whose method failed: left out of every number, and shown with their reason, never as zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pvdbench.tables.costs import read_cost
from pvdbench.tables.params import TableParams
from pvdbench.tables.table import Row, Table


@dataclass(frozen=True)
class SkippedRow:
    """One row without a result."""

    task: str
    name: str
    label: str
    reason: str


@dataclass(frozen=True)
class Skipped:
    """All of one data set: row of `motion` or `deblur` to reason."""

    motion: Mapping[str, str]
    deblur: Mapping[str, str]

    def without(self, params: TableParams) -> TableParams:
        """The tables and figures of the rows that have a result."""
        figures = params.figures
        lens = params.lens if params.lens and params.lens.row not in self.deblur else None
        shown = {
            "flow": figures.flow.model_copy(update={"rows": _kept(figures.flow.rows, self.motion)}),
            "deblur": figures.deblur.model_copy(update={"rows": _kept(figures.deblur.rows, self.deblur)}),
            "compare": {
                name: example.model_copy(update={"rows": _kept(example.rows, self.deblur)})
                for name, example in figures.compare.items()
            },
        }
        measured = {
            "table1": _known(params.table1, self.motion),
            "table2": _known(params.table2, self.deblur),
            "table3": _known(params.table3, self.deblur),
            "table4": _known(params.table4, self.deblur),
            "variants": _known(params.variants, self.deblur),
            "published": _known(params.published, self.deblur),
        }
        return params.model_copy(update={**measured, "lens": lens, "figures": figures.model_copy(update=shown)})

    def add(self, table: Table, labels: Mapping[str, str]) -> Table:
        """A table with the rows that it would have, each with its reason; the paper's numbers stay.

        Args:
            labels: of all rows of the table.
        """
        reasons = {**self.motion, **self.deblur}
        gone = {row: label for row, label in labels.items() if row in reasons}
        by_label = {label: row for row, label in gone.items()}
        rows = [
            replace(row, name=by_label[row.label], skipped=reasons[by_label[row.label]])
            if not row.name and row.label in by_label
            else row
            for row in table.rows
        ]
        there = {row.name for row in rows}
        empty = (float("nan"),) * len(table.columns)
        rows += [Row(row, label, empty, skipped=reasons[row]) for row, label in gone.items() if row not in there]
        return replace(table, rows=tuple(rows))

    def rows(self, params: TableParams) -> tuple[SkippedRow, ...]:
        """One by one, under their labels."""
        tasks = (("motion", params.table1, self.motion), ("deblur", params.deblur_labels, self.deblur))
        return tuple(
            SkippedRow(task, row, labels[row], reason) for task, labels, gone in tasks for row, reason in gone.items()
        )


def read_skipped(study: Path, dataset: str, params: TableParams) -> Skipped:
    """Ask the cost files, which say why a row has no frames.

    Raises:
        DataError: if a cost file is damaged.
    """
    costs = study / "data" / "cost"
    return Skipped(
        _reasons(costs / "flow" / dataset, params.table1), _reasons(costs / "deblur" / dataset, params.deblur_labels)
    )


def _reasons(folder: Path, rows: Iterable[str]) -> dict[str, str]:
    paths = {row: folder / f"{row}.json" for row in rows}
    found = {row: str(read_cost(path).get("failed", "")) for row, path in paths.items() if path.is_file()}
    return {row: reason for row, reason in found.items() if reason}


def _known(labels: Mapping[str, str], gone: Mapping[str, str]) -> dict[str, str]:
    return {row: label for row, label in labels.items() if row not in gone}


def _kept(rows: Iterable[str], gone: Mapping[str, str]) -> list[str]:
    return [row for row in rows if row not in gone]
