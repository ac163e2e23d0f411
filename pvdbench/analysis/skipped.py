"""Rows without a result, as a method failed or no frame counts: left out, and shown with a reason, never as zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.analysis.scores import read_row, score_path
from pvdbench.io.frame_folders import read_failure
from pvdbench.scoring.protocol import Task
from pvdbench.study.table_params import TableParams


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

    @property
    def reasons(self) -> Mapping[str, str]:
        """Row of either task to reason."""
        return {**self.motion, **self.deblur}

    def rows(self, params: TableParams) -> tuple[SkippedRow, ...]:
        """One by one, under their labels."""
        tasks = (("motion", params.table1, self.motion), ("deblur", params.deblur_labels, self.deblur))
        return tuple(
            SkippedRow(task, row, labels[row], reason) for task, labels, gone in tasks for row, reason in gone.items()
        )


def read_skipped(study: Path, dataset: str, params: TableParams) -> Skipped:
    """Read why rows have no result: from the folders where their frames would be, or as no frame of theirs counts.

    Raises:
        DataError: if a reason or a score file is damaged.
    """

    def reasons(task: Task, rows: Iterable[str]) -> dict[str, str]:
        folder = study / "data" / task / dataset
        failed = {row: reason for row in rows if (reason := read_failure(folder / row))}
        left = [row for row in rows if row not in failed and score_path(study, task, dataset, row).is_file()]
        tables = {row: read_row(study, task, dataset, row) for row in left}
        uncounted = {row: _uncounted(task, table, params.protocol) for row, table in tables.items()}
        return failed | {row: reason for row, reason in uncounted.items() if reason}

    return Skipped(reasons("motion", params.table1), reasons("deblur", params.deblur_labels))


def _uncounted(task: Task, table: pd.DataFrame, protocol: str) -> str:
    """Why the protocol gives a row no mean, where no frame was scored or it counts none; empty elsewhere."""
    if table.empty and task == "motion":  # clips of one frame; a row of deblurred frames without any is an error
        return "it has no frame to score"
    scored = table[table["protocol"] == protocol]
    if scored.empty or scored["counted"].any():
        return ""
    frames = "the one frame" if len(scored) == 1 else f"any of the {len(scored)} frames"
    return f"{protocol} does not count {frames}"


def _known(labels: Mapping[str, str], gone: Mapping[str, str]) -> dict[str, str]:
    return {row: label for row, label in labels.items() if row not in gone}


def _kept(rows: Iterable[str], gone: Mapping[str, str]) -> list[str]:
    return [row for row in rows if row not in gone]
