"""One protocol's averages over the frames of two folders, and its line in the terminal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pvdbench.scoring.protocol import Metric, Protocol

EQUAL, NO_INFORMATION = "equal", "no information"
"""Of the frames whose truth tells nothing under a protocol: what equals it all the same, and what does not."""


@dataclass(frozen=True)
class Mean:
    """A metric's averages over frames and over clips; identical frames are left out, NaN where there are no others."""

    mean: float
    per_clip: float
    identical: int


@dataclass(frozen=True)
class Summary:
    """One protocol's averages by metric, the protocol's first one first.

    Attributes:
        counted: frames of the clips that the protocol takes.
        uninformative: of them, those that no average counts as their truth is of one colour.
    """

    protocol: str
    counted: int
    means: Mapping[Metric, Mean]
    uninformative: int = 0

    def __str__(self) -> str:
        """Print one line for the terminal."""
        (first, mean), *others = self.means.items()
        if not self.counted:
            return f"{self.protocol}: counts none of these frames"
        over = f"over {_frames(self.counted)}"
        apart = f"{_frames(self.uninformative)} without information (truth of one colour)" * bool(self.uninformative)
        if mean.identical == self.counted:
            return f"{self.protocol}: identical {over}"
        if math.isnan(mean.mean):
            equal = f"{mean.identical} identical, " * bool(mean.identical)
            return f"{self.protocol}: no average {over}: {equal}{apart}"
        left_out = f"; {mean.identical} identical left out of the {first.label}" * bool(mean.identical)
        left_out += f"; {apart} left out" * bool(apart)
        value, per_clip = (_text(number, first) for number in (mean.mean, mean.per_clip))
        also = "".join(_other(*other) for other in others)
        return f"{self.protocol}: {value} (per clip {per_clip}){also} {over}{left_out}"


def summarize(protocol: Protocol, scores: pd.DataFrame) -> Summary:
    """Average the scores of one protocol.

    Args:
        scores: of any protocols, as score files have them, with set_apart: EQUAL or NO_INFORMATION for a frame that
            the protocol takes and no average counts, blank for others.
    """
    ours = scores[scores["protocol"] == protocol.name]
    counted, equal = ours[ours["counted"]], int((ours["set_apart"] == EQUAL).sum())
    means = {metric: _mean(counted[metric.name], counted["video"], equal) for metric in protocol.metrics}
    untold = int((ours["set_apart"] == NO_INFORMATION).sum())
    return Summary(protocol.name, len(counted) + equal + untold, means, untold)


def _mean(values: "pd.Series[float]", clips: "pd.Series[str]", equal: int) -> Mean:
    finite = values[~np.isinf(values)]
    by_clip = finite.groupby(clips[finite.index]).mean()
    return Mean(float(finite.mean()), float(by_clip.mean()), len(values) - len(finite) + equal)


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count > 1)}"


def _text(value: float, metric: Metric) -> str:
    return f"{round(value, metric.digits) + 0.0:.{metric.digits}f} {metric.unit}".rstrip()  # no -0.00


def _other(metric: Metric, mean: Mean) -> str:
    if metric.better == "neither" or math.isnan(mean.mean):
        return ""
    return f", {metric.label} {mean.mean:.{metric.digits + 1}f} {metric.unit}".rstrip()
