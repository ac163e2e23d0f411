"""Which frames Fig. 6 and 7 show, and which of their parts are zoomed: chosen by rule, never by eye."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from pvdbench.core.errors import ParamsError
from pvdbench.io.images import Frame

_PART = 4  # a box is a quarter of the frame wide and high


@dataclass(frozen=True)
class Box:
    """A part of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int


def best_frames(gain: pd.Series, count: int) -> list[tuple[str, str]]:
    """The frames (video, frame) where one row gains most over another, each of another video, the largest first.

    Args:
        gain: a difference a frame, indexed by (video, frame).
        count: fewer come back if there are fewer videos.
    """
    best = gain.loc[gain.groupby(level=0, sort=True).idxmax()]
    return list(best.sort_values(ascending=False, kind="stable").index[:count])


def chosen_boxes(given: Sequence[Sequence[int]] | None, better: Frame, worse: Frame, truth: Frame) -> tuple[Box, Box]:
    """The boxes that parameters give, otherwise those of zoom_boxes.

    Raises:
        ParamsError: if a box does not lie in the frame.
    """
    if given is None:
        return zoom_boxes(better, worse, truth)
    first, second = (_inside(box, truth) for box in given)
    return first, second


def _inside(given: Sequence[int], truth: Frame) -> Box:
    height, width = truth.shape[:2]
    if len(given) == 4:
        box = Box(*given)
        whole = box.height > 0 and box.width > 0 and box.top >= 0 and box.left >= 0
        if whole and box.top + box.height <= height and box.left + box.width <= width:
            return box
    raise ParamsError(
        f"params.yaml: tables.figures: boxes: {list(given)} is no top, left, height and width within "
        f"{width}x{height}; correct the box"
    )


def zoom_boxes(better: Frame, worse: Frame, truth: Frame) -> tuple[Box, Box]:
    """The two parts, apart from each other, where better is closest to the truth compared with worse.

    Args:
        better, worse, truth: (H, W, 3) each.
    """
    height, width = truth.shape[0] // _PART, truth.shape[1] // _PART
    gain = _error(worse, truth) - _error(better, truth)
    mean = uniform_filter(gain, (height, width))[height // 2 :, width // 2 :]
    starts = mean[: truth.shape[0] - height + 1, : truth.shape[1] - width + 1]
    first = _largest(starts, height, width)
    rest = starts.copy()
    rest[
        max(first.top - height + 1, 0) : first.top + height, max(first.left - width + 1, 0) : first.left + width
    ] = -np.inf
    return first, _largest(rest, height, width)


def _error(estimate: Frame, truth: Frame) -> NDArray[np.float64]:
    difference: NDArray[np.float64] = np.abs(estimate.astype(float) - truth).mean(axis=-1)
    return difference


def _largest(starts: NDArray[np.float64], height: int, width: int) -> Box:
    top, left = np.unravel_index(np.argmax(starts), starts.shape)
    return Box(int(top), int(left), height, width)
