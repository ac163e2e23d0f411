"""Metrics, a column of the score files each, and protocols: how frames are scored by them, and which frames count."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pvdbench.scoring.frame_pair import FramePair

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Metric:
    """One quantity that a protocol gives per frame.

    Attributes:
        name: the column in score files, unit included, such as psnr_db.
        label: as tables and the report print it, without its unit.
        unit: dB, px; empty where there is none.
        better: which numbers are better; "neither" for what only describes a frame.
        digits: printed after the decimal point.
        lowest, highest: a score file with a value outside is refused.
        optional: whether a frame may have none although its protocol gives the metric, as where no pixel is visible.
        infinite: whether frames that equal the truth have an infinite value; means leave those out and count them.
        decimals: written to score files: more than anybody reads, fewer than processors round alike.
    """

    name: str
    label: str
    unit: str
    better: Better
    digits: int
    lowest: float = -math.inf
    highest: float = math.inf
    optional: bool = False
    infinite: bool = False
    decimals: int = 6

    @property
    def heading(self) -> str:
        """Label and unit, as a column's heading."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


PSNR = Metric("psnr_db", "PSNR", "dB", "higher", 2, lowest=-50.0, infinite=True)
SSIM = Metric("ssim", "SSIM", "", "higher", 3, lowest=-1.0, highest=1.0)

SHIFT_Y = Metric("shift_y", "Shift down", "px", "neither", 2)
SHIFT_X = Metric("shift_x", "Shift right", "px", "neither", 2)
GAIN = Metric("gain", "Gain", "", "neither", 3, lowest=0.0)
"""What an aligning protocol did to the estimate before it compared."""

EPE = Metric("epe_px", "Endpoint error", "px", "lower", 2, lowest=0.0)
VISIBLE_EPE = Metric("epe_visible_px", "Endpoint error, visible", "px", "lower", 2, lowest=0.0, optional=True)

WARPING_ERROR = Metric(
    "warping_error_db", "Warping error", "dB", "higher", 2, lowest=-50.0, optional=True, infinite=True
)
TOF = Metric("tof_px", "tOF", "px", "lower", 3, lowest=0.0)
TOF_ILK = Metric("tof_ilk_px", "tOF, Lucas-Kanade", "px", "lower", 3, lowest=0.0)


Task = Literal["deblur", "motion"]
Scores = Mapping[str, float]
"""Metric name to value. Without an entry the frame has no row: the protocol does not apply to it."""


def every_frame(number: int) -> bool:
    """Count all frames."""
    return number >= 1


def all_but_the_first(number: int) -> bool:
    """Leave out the first frame of each clip."""
    return number > 1


def every_pair(pair: FramePair) -> bool:  # noqa: ARG001
    """Take every frame for one that tells estimates apart."""
    return True


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
        informs: whether a frame tells estimates apart under it, by the truth alone; one that does not is scored, and no
            average counts it.
        on_request: whether it is left out of `all` and scores only where it is named, as one that costs much.
    """

    name: str
    summary: str
    source: str
    metrics: tuple[Metric, ...]
    score: Callable[[FramePair], Scores]
    counts: Callable[[int], bool] = every_frame
    tasks: frozenset[Task] = frozenset(("deblur", "motion"))
    any_frames: bool = True
    informs: Callable[[FramePair], bool] = every_pair
    on_request: bool = False

    def counted(self, number: int) -> bool:
        """Tell whether averages count a frame; a package's function may say so by any value, such as 1."""
        return bool(self.counts(number))
