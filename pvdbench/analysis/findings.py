"""Findings: what the paper claims about two rows, what was measured, and a sentence that says whether it appears."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Literal

import pandas as pd

from pvdbench.analysis.intervals import Interval, clips_text, corrected
from pvdbench.analysis.published import BIMNET, FULL_MODEL, INPUT, LITEFLOWNET
from pvdbench.analysis.scores import Scores, paired_difference

Verdict = Literal["appears", "unclear", "reversed"]
_PAPER_SUFFIX = {"all": "all", "blurriest": "blurriest10"}
_FRAMES = {"all": "over all frames", "blurriest": "over the blurriest frames"}
_VERDICTS: dict[int, Verdict] = {1: "appears", 0: "unclear", -1: "reversed"}
_SAYS: dict[Verdict, str] = {
    "appears": "the paper's order appears",
    "unclear": "the paper's order does not appear clearly",
    "reversed": "the paper's order is reversed",
}


@dataclass(frozen=True)
class Finding:
    """A difference in PSNR between two rows, better minus worse as the paper ranks them; dB.

    Attributes:
        kind: "gain" for what the method claims as a whole, "order" for two neighbours in the paper's ranking.
        low_db, high_db: 95 % interval over clips; NaN with one clip.
        p_holm: of the test that the true difference is zero, by Holm's correction for all findings of the table.
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
    p_holm: float
    clips: int
    identical: int
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class _Claim:
    """What the paper says of two rows, named by label, over a group of frames."""

    kind: Literal["gain", "order"]
    better: str
    worse: str
    frames: str


@dataclass(frozen=True)
class Comparison:
    """One table's labels, scores and published numbers; its findings are one family of tests."""

    table: str
    labels: Mapping[str, str]
    scores: Scores
    paper: pd.DataFrame

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The gains that the paper claims, then the order of its rows, of the rows that were measured."""
        claims = (*self._gains(), *self._order())
        intervals = corrected([self._difference(claim) for claim in claims])
        return tuple(self._finding(claim, interval) for claim, interval in zip(claims, intervals, strict=True))

    def _order(self) -> Iterator[_Claim]:
        """Each two neighbours of the paper's ranking over all frames."""
        known = [label for label in self.labels.values() if label in self.paper.index]
        ranked = sorted(known, key=lambda label: self._published(label, "all"), reverse=True)
        yield from (_Claim("order", better, worse, "all") for better, worse in pairwise(ranked))

    def _gains(self) -> Iterator[_Claim]:
        """The paper's two claims: the full model over its input, BIMNet over LiteFlowNet."""
        claims = ((FULL_MODEL, INPUT, ("all", "blurriest")), (BIMNET, LITEFLOWNET, ("blurriest",)))
        for better, worse, groups in claims:
            if {better, worse} <= set(self.labels.values()):
                yield from (_Claim("gain", better, worse, group) for group in groups)

    def _finding(self, claim: _Claim, interval: Interval) -> Finding:
        paper = self._published(claim.better, claim.frames) - self._published(claim.worse, claim.frames)
        verdict = _VERDICTS[interval.sign]
        return Finding(
            table=self.table,
            **asdict(claim),
            paper_db=round(paper, 2),
            measured_db=interval.mean,
            low_db=interval.low,
            high_db=interval.high,
            p_holm=interval.p,
            clips=interval.videos,
            identical=interval.identical,
            verdict=verdict,
            sentence=_sentence(claim, paper, interval, verdict),
        )

    def _difference(self, claim: _Claim) -> Interval:
        names = {label: name for name, label in self.labels.items()}
        first, second = self.scores[names[claim.better]], self.scores[names[claim.worse]]
        return paired_difference(first, second, claim.frames)

    def _published(self, label: str, group: str) -> float:
        column = "psnr_db" if "psnr_db" in self.paper else f"psnr_db_{_PAPER_SUFFIX[group]}"
        return float(self.paper.loc[label, column])  # type: ignore[arg-type]  # one cell of a column of floats


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a finding, columns as the fields of Finding."""
    return pd.DataFrame(findings, columns=[field.name for field in fields(Finding)])


def _sentence(claim: _Claim, paper: float, interval: Interval, verdict: Verdict) -> str:
    clips = clips_text(interval.videos)
    bounds = f"95 % interval {interval.low:+.2f} to {interval.high:+.2f} over {clips}"
    if math.isnan(interval.low):
        bounds = f"no interval, {clips}"
    if interval.identical:
        one = interval.identical == 1
        bounds += f"; {interval.identical} frame{'s' * (not one)} left out that equal{'s' * one} the truth"
    here = "no difference of numbers" if math.isnan(interval.mean) else f"{interval.mean:+.2f} dB"
    return (
        f"{claim.better} against {claim.worse}, {_FRAMES[claim.frames]}: {paper:+.2f} dB in the paper, {here} here "
        f"({bounds}): {_SAYS[verdict]}{_reason(interval)}."
    )


def _reason(interval: Interval) -> str:
    """Why the order is open; nothing where it is not."""
    if interval.sign:
        return ""
    if math.isnan(interval.low):
        return ", since one clip leaves no interval" if interval.videos == 1 else ", since there is no interval"
    if interval.low <= 0 <= interval.high:
        return ": the interval holds zero"
    family = f"Holm's correction for all findings of the table (p {interval.p:.2f})"
    return f": the interval leaves zero out, but not after {family}"
