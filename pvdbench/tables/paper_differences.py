"""Measured against published in Tables 1 to 3: the numbers on the paper's videos, what rows gain on any others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pvdbench.analysis.groups import GROUPS
from pvdbench.analysis.published import PAPER_DATASET, PAPER_PERCENT, PAPER_PROTOCOL
from pvdbench.analysis.scores import Scores, group_mean, paired_difference
from pvdbench.tables.inputs import Context
from pvdbench.tables.published import less_printed
from pvdbench.tables.table import Column, Value


@dataclass(frozen=True)
class PaperDifferences:
    """PSNR (dB), measured minus published, which is taken as exact; other videos leave only gains to compare.

    Attributes:
        labels: row name to the paper's label.
        paper: published PSNR in columns paper_psnr_db_GROUP, by label.
    """

    context: Context
    labels: Mapping[str, str]
    scores: Scores
    paper: pd.DataFrame

    @property
    def columns(self) -> tuple[Column, ...]:
        """One a group of frames that both can mean; none under another protocol than the paper's."""
        return tuple(
            Column(
                _key(group),
                self._heading,
                "PSNR (dB)",
                group.capitalize(),
                2,
                interval=True,
                signed=True,
                origin="compared",
                frames=group,
            )
            for group in self._groups
        )

    @property
    def caption(self) -> str:
        """How to read the columns; nothing where there are none."""
        if not self._groups:
            return ""
        if self.context.dataset == PAPER_DATASET:
            return " The last columns are measured minus published."
        return (
            f" What a row gains over {self.labels[self._reference]} may be compared, with care: the last columns are "
            "that gain here minus that gain in the paper."
        )

    def of(self, row: str) -> dict[str, Value]:
        """A measured row's differences by column key; NaN where the paper has no number."""
        return {_key(group): self._difference(row, group) for group in self._groups}

    @property
    def _reference(self) -> str:
        """The first row that the paper has too; empty where there is none."""
        return next((row for row, label in self.labels.items() if self._printed(row, "all") > 0), "")

    @property
    def _heading(self) -> str:
        return "Minus paper" if self.context.dataset == PAPER_DATASET else "Gain minus paper's"

    @property
    def _groups(self) -> Sequence[str]:
        if self.context.protocol != PAPER_PROTOCOL or not self._reference:
            return ()
        there = [group for group in GROUPS if f"paper_psnr_db_{group}" in self.paper]
        return there if self.context.percent == PAPER_PERCENT else there[:1]

    def _difference(self, row: str, group: str) -> Value:
        if self.context.dataset == PAPER_DATASET:
            measured = group_mean(self.scores[row], group, "psnr_db")
            return less_printed(measured, self._printed(row, group))
        if row == self._reference:
            return math.nan
        gain = paired_difference(self.scores[row], self.scores[self._reference], group)
        return less_printed(gain, self._printed(row, group) - self._printed(self._reference, group))

    def _printed(self, row: str, group: str) -> float:
        label = self.labels[row]
        return float(self.paper[f"paper_psnr_db_{group}"].get(label, math.nan))


def _key(group: str) -> str:
    return f"difference_db_{group}"
