"""The distance between two flows, which endpoint errors (Table 1) and tOF average, and the estimator behind tOF.

That is Farneback's (SCIA 2003) as OpenCV computes it, with the settings of the program of Chu et al. (TecoGAN, TOG
2020; metrics.py of thunil/TecoGAN), on the gray bytes that it takes.
"""

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame
from pvdbench.scoring.metrics.opencv import plain_opencv

_SCALE, _LEVELS = 0.5, 3  # of the pyramid
_WINDOW = 15  # pixels per side over which motion is averaged
_ITERATIONS = 3  # per level
_POLY_N, _POLY_SIGMA = 5, 1.2  # of the neighbourhood that a polynomial is fitted to

_BORDER = 8  # pixels, at least, that tOF leaves out on each side
_MULTIPLE = 32  # of which the sides of what is left are multiples


def distances(estimate: Flow, truth: Flow) -> NDArray[np.float64]:
    """Measure the Euclidean distance between two flows, pixel by pixel.

    Args:
        estimate, truth: (H, W, 2), (x, y) in pixels.

    Returns: (H, W), in pixels.

    Raises:
        ValueError: if the shapes differ.
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"estimate has the shape {estimate.shape}, truth {truth.shape}; give equal shapes")
    x, y = (np.subtract(estimate[..., axis], truth[..., axis], dtype=np.float64) for axis in (0, 1))
    return np.asarray(np.sqrt(x * x + y * y))


def without_border(flow: Flow) -> Flow:
    """Take the middle of a flow, over which the program of Chu et al. averages.

    Args:
        flow: (H, W, 2).

    Returns: a view whose sides are the largest multiples of 32 that leave 8 pixels or more on each side; where a side
        has fewer than 48 pixels, so that nothing would be left, the whole flow.
    """
    height, width = flow.shape[:2]
    rows, columns = (_MULTIPLE * ((side - 2 * _BORDER) // _MULTIPLE) for side in (height, width))
    if min(rows, columns) <= 0:
        return flow
    top, left = (height - rows) // 2, (width - columns) // 2
    return flow[top : top + rows, left : left + columns]


def estimate_flow(target: Frame, source: Frame) -> Flow:
    """Estimate the flow from target to source.

    Args:
        target, source: (H, W, 3) uint8 RGB of one size.

    Returns: (H, W, 2) float32, (x, y) in pixels.
    """
    import cv2

    with plain_opencv():
        first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (target, source))
        flow = np.empty((*first.shape, 2), np.float32)
        cv2.calcOpticalFlowFarneback(
            first, second, flow, _SCALE, _LEVELS, _WINDOW, _ITERATIONS, _POLY_N, _POLY_SIGMA, 0
        )
    return flow
