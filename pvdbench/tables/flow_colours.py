"""Flow as colours: the wheel of Baker et al. (A Database and Evaluation Methodology for Optical Flow, IJCV 2011)."""

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.flow_files import Flow
from pvdbench.core.images import Frame, to_bytes

# the wheel's 55 steps: red 15 yellow 6 green 4 cyan 11 blue 13 magenta 6 red
_STEPS = np.array([0, 15, 21, 25, 36, 49, 55])
_RGB = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])


def flow_colours(flow: Flow, longest: float) -> Frame:
    """Colour a flow: hue is direction, saturation length; white is no motion.

    Args:
        flow: (H, W, 2), (x, y) in pixels.
        longest: the length in pixels that is fully saturated; so is flow beyond it (Baker et al. darken that).
    """
    x, y = flow[..., 0].astype(float), flow[..., 1].astype(float)
    length = np.minimum(np.hypot(x, y) / max(longest, np.finfo(float).tiny), 1)[..., None]
    turn = (np.arctan2(-y, -x) / np.pi + 1) / 2 * (_STEPS[-1] - 1)
    hue = np.stack([np.interp(turn, _STEPS, channel) for channel in _RGB.T], axis=-1)
    return to_bytes(1 - length * (1 - hue))


def colour_wheel(diameter: int) -> Frame:
    """The legend: a disc whose colour at a place is that of the flow from its centre to there; (D, D, 3)."""
    axis: NDArray[np.float32] = np.linspace(-1, 1, diameter, dtype=np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    disc = np.hypot(flow[..., 0], flow[..., 1]) <= 1
    return np.where(disc[..., None], flow_colours(flow, 1), np.uint8(255))
