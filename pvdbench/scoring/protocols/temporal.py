"""Temporal consistency of deblurred video: the warping error of Lai et al. and the flow difference of Chu et al."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame
from pvdbench.scoring.frame_pair import FramePair, Mask
from pvdbench.scoring.metrics.flow import distances, estimate_flow, without_border
from pvdbench.scoring.metrics.lucas_kanade import lucas_kanade_flow
from pvdbench.scoring.metrics.psnr import psnr_of
from pvdbench.scoring.protocol import TOF, TOF_ILK, WARPING_ERROR, Protocol, Scores

if TYPE_CHECKING:  # PyTorch is imported where it computes: all commands ask which protocols there are
    from torch import Tensor

_STEADY = 10  # of 255: a pixel of the sharp video that changes by more along its flow counts as occluded

_ROUNDING = 1e-3  # of 255: what float32 leaves where a warped frame equals the other, as a title card does


def temporal(pair: FramePair) -> Scores:
    """Compare a frame with the one before it: along the sharp video's flow, and by its own flow.

    Returns: nothing for the first frame of a clip; warping_error_db is NaN where no pixel is seen in both frames.
    """
    before = pair.before
    if before is None:
        return {}
    flow, seen = along_truth(pair)
    estimate, truth = estimate_flow(before.estimate, pair.estimate), pair.truth_flow_from_before
    if truth is None:
        truth = estimate_flow(before.truth, pair.truth)
    return {
        "warping_error_db": warping_error_db(pair.estimate, before.estimate, flow, seen),
        "tof_px": flow_difference(without_border(estimate), without_border(truth)),
    }


def along_truth(pair: FramePair) -> tuple[Flow, Mask]:
    """Choose the flow that warps the frame before, and where it may be trusted.

    Returns: the true flow where it is known, else the sharp video's; (H, W) where both frames show the same.
    """
    assert pair.before is not None
    flow = pair.truth_flow if pair.true_flow is None else pair.true_flow
    if flow is None:
        flow = estimate_flow(pair.truth, pair.before.truth)
    return flow, _seen(pair.truth, pair.before.truth, flow, pair.occluded)


def tof_ilk(pair: FramePair) -> Scores:
    """Compute tOF by iterative Lucas-Kanade, which `temporal` took in version 0.1.

    Returns: nothing for the first frame of a clip.
    """
    if pair.before is None:
        return {}
    estimate = lucas_kanade_flow(pair.estimate, pair.before.estimate)
    return {"tof_ilk_px": flow_difference(estimate, lucas_kanade_flow(pair.truth, pair.before.truth))}


def flow_difference(estimate: Flow, truth: Flow) -> float:
    """Compute tOF of Chu et al. (TecoGAN, TOG 2020): the mean length of the difference of two flows, in pixels.

    Both videos go through the same estimator. The paper writes an L1 norm; its program (metrics.py of thunil/TecoGAN)
    takes the Euclidean length, and so does this. For its number, give the flows from the frame before to this one,
    without_border.
    """
    return float(distances(estimate, truth).mean())


def warping_error_db(frame: Frame, before: Frame, flow: Flow, seen: Mask) -> float:
    """Compute the warping error of Lai et al. (ECCV 2018) as PSNR: a frame against the one before it, warped.

    Args:
        frame, before: (H, W, 3) uint8 RGB.
        flow: (H, W, 2) from frame to before.
        seen: (H, W), the pixels to compare.

    Returns: dB, peak 255; inf for no error, NaN where no pixel is seen.
    """
    difference = _difference(frame, before, flow)
    squares = np.square(difference, out=difference).sum(0)[seen]
    if not squares.size:
        return math.nan
    if float(squares.max()) < _ROUNDING**2:
        return math.inf
    return psnr_of(float(squares.mean(dtype=np.float64)) / len(difference))


def _seen(sharp: Frame, before: Frame, flow: Flow, occluded: Mask | None) -> Mask:
    """(H, W): what lies in both frames; where no occlusion is known, what stays alike along the flow."""
    from pvdbench.core.warp import inside

    within = inside(_tensor(flow))[0, 0].numpy()
    if occluded is not None:
        return np.asarray(within & ~occluded)
    difference = _difference(sharp, before, flow)
    return np.asarray(within & (np.abs(difference, out=difference).max(0) <= _STEADY))


def _difference(frame: Frame, before: Frame, flow: Flow) -> NDArray[np.float32]:
    """(3, H, W): the frame before, warped along the flow, less the frame."""
    from pvdbench.core.warp import backward_warp

    warped = backward_warp(_tensor(before), _tensor(flow))[0].numpy()
    warped -= frame.transpose(2, 0, 1)
    return warped


def _tensor(values: NDArray[np.generic]) -> "Tensor":
    """(1, C, H, W) float32 of (H, W, C)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))[None]


PROTOCOLS = (
    Protocol("temporal", "each frame against the one before it: warping error along the sharp flow, and tOF",
             "Lai et al., ECCV 2018; Chu et al., TOG 2020", (WARPING_ERROR, TOF), temporal,
             tasks=frozenset(("deblur",)), any_frames=False),
    Protocol("tof-ilk", "tOF by iterative Lucas-Kanade instead of Farneback's flow; only where it is named",
             "Le Besnerais and Champagnat, ICIP 2005, as scikit-image's optical_flow_ilk", (TOF_ILK,), tof_ilk,
             tasks=frozenset(("deblur",)), any_frames=False, on_request=True),
)  # fmt: skip
