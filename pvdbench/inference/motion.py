"""Estimate the flow between blurry frames, by which the sharp ones are warped (Sec. 4.2)."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from pvdbench.inference.cost import CostMeter, clock, multiply_adds
from pvdbench.inference.same_start import same_start
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import MotionEstimator, require
from pvdbench.methods.isolated_process import Progress


def estimate_clips(method: MotionEstimator, name: str, clips: Sequence[Clip], give: Progress, *, first: Clip) -> None:
    """Estimate the flow from every blurry frame t but a clip's first to blurry frame t - 1, each clip by itself.

    Args:
        method: loaded.
        name: for messages.
        clips: the blurry frames.
        give: called with each flow, (H, W, 2) float32, little-endian, and after each clip with what it cost.
        first: the first frames of the row's first clip, for the warm-up.

    Raises:
        MethodError: if the flow has another shape or values that are not finite.
    """
    meter = CostMeter(method.parameters(), lambda: _warm_up(method, first[:2]), "frame")
    for clip in clips:
        same_start()
        milliseconds, flow = [], None
        for t in range(1, len(clip)):
            flow, ms = _timed_flow(method, name, clip[t], clip[t - 1])
            milliseconds.append(ms)
            give(np.ascontiguousarray(flow.permute(1, 2, 0).numpy(), "<f4").tobytes())
        height, width = clip[0].shape[1:]
        give(meter.clip(milliseconds, flow, width, height))


def _warm_up(method: MotionEstimator, pair: Clip) -> float | None:
    """Estimate the first flow, which is slow and not timed, and count multiply-adds where PyTorch does the work."""
    target, source = pair[-1], pair[0]
    height, width = target.shape[1:]
    if not sum(method.parameters().values()):
        method.flow(target, source)
        return None
    return multiply_adds(lambda: method.flow(target, source), frames=1, width=width, height=height)


def _timed_flow(method: MotionEstimator, name: str, target: Tensor, source: Tensor) -> tuple[Tensor, float]:
    start = clock()
    flow = method.flow(target, source)
    ms = (clock() - start) * 1000
    require(flow, (2, *target.shape[1:]), f"{name}: flow")
    return flow, ms
