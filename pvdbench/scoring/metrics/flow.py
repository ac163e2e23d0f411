"""The distance between two flows, which endpoint errors (Table 1) and tOF average."""

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.flow import Flow


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
    return np.asarray(np.linalg.norm(estimate.astype(np.float64) - truth, axis=-1))
