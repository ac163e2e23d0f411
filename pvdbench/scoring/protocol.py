"""A protocol: how frames are scored, by which metrics, and which frames of a clip its averages count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metric import Metric

Task = Literal["deblur", "motion"]
Scores = Mapping[str, float]
"""Metric name to value. Without an entry the frame has no row: the protocol does not apply to it."""


def every_frame(number: int) -> bool:
    """Count all frames."""
    return number >= 1


def all_but_the_first(number: int) -> bool:
    """Leave out the first frame of each clip."""
    return number > 1


@dataclass(frozen=True)
class Protocol:
    """One way to score frames; a module in scoring/protocols/ or a package's entry point registers it.

    Attributes:
        name: as params.yaml and `--protocol` take it.
        summary: what it does, in a few words.
        source: who uses it.
        metrics: what `score` may give, the first one first in tables.
        score: of one frame.
        counts: whether averages count a frame, by its number in its clip, from 1.
        tasks: deblurred frames, warped ones (Table 1), or both.
        any_frames: whether it needs nothing but the two images, so that any two folders can be scored by it.
    """

    name: str
    summary: str
    source: str
    metrics: tuple[Metric, ...]
    score: Callable[[FramePair], Scores]
    counts: Callable[[int], bool] = every_frame
    tasks: frozenset[Task] = frozenset(("deblur", "motion"))
    any_frames: bool = True
