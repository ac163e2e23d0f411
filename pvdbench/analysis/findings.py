"""Findings: what the paper claims about two rows, what was measured, and a sentence that says whether it appears."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Literal

import pandas as pd

from pvdbench.analysis.bootstrap import Bootstrap, Interval
from pvdbench.analysis.published import BIMNET, FULL_MODEL, INPUT, LITEFLOWNET
from pvdbench.analysis.scores import Scores, paired_difference

Verdict = Literal["appears", "unclear", "reversed"]
_PAPER_SUFFIX = {"all": "all", "blurriest": "blurriest10"}
_FRAMES = {"all": "over all frames", "blurriest": "over the blurriest frames"}
_SAYS: dict[Verdict, str] = {
    "appears": "the paper's order appears",
    "unclear": "the paper's order does not appear clearly: the interval holds zero or is unknown",
    "reversed": "the paper's order is reversed",
}


@dataclass(frozen=True)
class Finding:
    """A difference in PSNR between two rows, better minus worse as the paper ranks them; dB.

    Attributes:
        kind: "gain" for what the method claims as a whole, "order" for two neighbours in the paper's ranking.
        low_db, high_db: 95 % interval over clips; NaN with one clip.
        clips: how many the difference is over.
        identical: frames left out, as one of the rows equals the truth there and its PSNR is infinite.
    """

    table: str
    kind: Literal["gain", "order"]
    better: str
    worse: str
    frames: str
    paper_db: float
    measured_db: float
    low_db: float
    high_db: float
    clips: int
    identical: int
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """One table's labels, scores and published numbers, and how to resample."""

    table: str
    labels: Mapping[str, str]
    scores: Scores
    paper: pd.DataFrame
    bootstrap: Bootstrap

    def finding(self, kind: Literal["gain", "order"], better: str, worse: str, group: str) -> Finding:
        """Compare two rows, named by label, over a group of frames."""
        interval = self._difference(better, worse, group)
        paper = self._published(better, group) - self._published(worse, group)
        verdict = _verdict(interval)
        return Finding(
            table=self.table,
            kind=kind,
            better=better,
            worse=worse,
            frames=group,
            paper_db=round(paper, 2),
            measured_db=interval.mean,
            low_db=interval.low,
            high_db=interval.high,
            clips=interval.videos,
            identical=interval.identical,
            verdict=verdict,
            sentence=_sentence(better, worse, group, paper, interval, verdict),
        )

    def order(self) -> list[Finding]:
        """Each two neighbours of the paper's ranking over all frames, among the rows that were measured."""
        known = [label for label in self.labels.values() if label in self.paper.index]
        ranked = sorted(known, key=lambda label: self._published(label, "all"), reverse=True)
        return [self.finding("order", better, worse, "all") for better, worse in pairwise(ranked)]

    def gains(self) -> list[Finding]:
        """The paper's two claims: the full model over its input, BIMNet over LiteFlowNet, where both were measured."""
        claims = ((FULL_MODEL, INPUT, ("all", "blurriest")), (BIMNET, LITEFLOWNET, ("blurriest",)))
        there = set(self.labels.values())
        return [
            self.finding("gain", better, worse, group)
            for better, worse, groups in claims
            for group in groups
            if {better, worse} <= there
        ]

    def _difference(self, better: str, worse: str, group: str) -> Interval:
        names = {label: name for name, label in self.labels.items()}
        first, second = self.scores[names[better]], self.scores[names[worse]]
        return paired_difference(first, second, group, self.bootstrap)

    def _published(self, label: str, group: str) -> float:
        column = "psnr_db" if "psnr_db" in self.paper else f"psnr_db_{_PAPER_SUFFIX[group]}"
        return float(self.paper.loc[label, column])  # type: ignore[arg-type]  # one cell of a column of floats


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a finding, columns as the fields of Finding."""
    return pd.DataFrame(findings, columns=[field.name for field in fields(Finding)])


def _verdict(interval: Interval) -> Verdict:
    if interval.low > 0:
        return "appears"
    return "reversed" if interval.high < 0 else "unclear"


def _sentence(better: str, worse: str, group: str, paper: float, interval: Interval, verdict: Verdict) -> str:
    clips = "1 clip" if interval.videos == 1 else f"{interval.videos} clips"
    bounds = f"95 % interval {interval.low:+.2f} to {interval.high:+.2f} over {clips}"
    if math.isnan(interval.low):
        bounds = f"no interval, {clips}"
    if interval.identical:
        one = interval.identical == 1
        bounds += f"; {interval.identical} frame{'s' * (not one)} left out that equal{'s' * one} the truth"
    here = "no difference of numbers" if math.isnan(interval.mean) else f"{interval.mean:+.2f} dB"
    return (
        f"{better} against {worse}, {_FRAMES[group]}: {paper:+.2f} dB in the paper, {here} here ({bounds}): "
        f"{_SAYS[verdict]}."
    )
