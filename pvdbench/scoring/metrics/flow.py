"""The distance between two flows, which endpoint errors (Table 1) and tOF average."""

import numpy as np

from pvdbench.io.flow import Flow
from pvdbench.scoring.metrics.ssim import Values


def distances(estimate: Flow, truth: Flow) -> Values:
    """(H, W) Euclidean distances in pixels of two (H, W, 2) flows.

    Raises:
        ValueError: if the shapes differ.
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"expected equal shapes, got {estimate.shape} and {truth.shape}")
    return np.asarray(np.linalg.norm(estimate.astype(np.float64) - truth, axis=-1))
