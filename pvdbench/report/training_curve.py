"""One row's training log as a small picture of lines: what it logged, and its running mean."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.io.tables import TRAINING_LOG, read_table

WIDTH, HEIGHT = 600, 160
_SMOOTHING = 20  # a running mean is over one part in so many of the steps


@dataclass(frozen=True)
class Curve:
    """Points of two SVG polylines in a box of WIDTH x HEIGHT; the loss on a logarithmic scale."""

    logged: str
    smooth: str
    steps: int
    first: float
    last: float
    lowest: float
    highest: float


def read_curve(path: Path) -> Curve | None:
    """The curve of a log; None where there is no log or nothing in it that a logarithm has.

    Raises:
        DataError: if the log is damaged.
    """
    if not path.is_file():
        return None
    log = read_table(path, TRAINING_LOG)
    log = log[(log["loss"] > 0) & (log["loss"] < np.inf)] if len(log) else log  # an empty log's columns have no type
    if len(log) < 2:
        return None
    loss = log["loss"].to_numpy(np.float64)
    smooth = running_mean(log["loss"])
    steps = log["step"].to_numpy(np.float64)
    across = (steps - steps[0]) / (steps[-1] - steps[0]) * WIDTH
    low, high = float(loss.min()), float(loss.max())
    span = np.log(high / low) or 1.0

    def points(values: NDArray[np.float64]) -> str:
        down = HEIGHT * (1 - np.log(values / low) / span)
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))

    return Curve(points(loss), points(smooth), int(steps[-1]), loss[0], smooth[-1], low, high)


def running_mean(loss: pd.Series) -> NDArray[np.float64]:
    """Average each loss with those logged before it, over a twentieth of the log, as pictures of training show."""
    width = max(len(loss) // _SMOOTHING, 1)
    return loss.rolling(width, min_periods=1).mean().to_numpy(np.float64)
