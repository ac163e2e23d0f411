"""How steady deblurred video is: the warping error of Lai et al. and the flow difference of Chu et al."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.registration import optical_flow_ilk
from torch import Tensor

from pvdbench.core.warp import backward_warp, inside
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.io.flow import Flow, read_flow
from pvdbench.io.images import Frame, read_frame, read_mask
from pvdbench.scoring.frame_pair import read_estimate
from pvdbench.scoring.metrics.flow import distances
from pvdbench.scoring.metrics.ssim import psnr_of

_STEADY = 10  # of 255: a pixel of the sharp video that changes by more along its flow is taken for occluded

_WARPS = 3  # a level of the pyramid; scikit-image's default of 10 takes three times as long


@dataclass(frozen=True)
class Steadiness:
    """A frame against the one before it: PSNR (dB) along the sharp video's flow, of the method and of the truth.

    Attributes:
        tof_px: mean distance of the method's own flow to that of the sharp video, in pixels.
    """

    warping_error_db: float
    truth_warping_error_db: float
    tof_px: float


def steadiness(clip: ClipFiles, estimates: Path) -> Iterator[tuple[FrameFiles, Steadiness]]:
    """Each frame but the first, in order.

    Args:
        clip: where the sharp frames are, and their true flow and occlusion where those are known.
        estimates: holds FRAME.png of each frame.

    Raises:
        DataError: if a file is missing, damaged or of another size.
    """
    before: tuple[Frame, Frame] | None = None
    for files in clip.frames:
        sharp = read_frame(files.sharp)
        now = read_estimate(estimates / f"{files.name}.png", sharp, files.sharp), sharp
        if before is not None:
            yield files, _steadiness(now, before, files)
        before = now


def _steadiness(now: tuple[Frame, Frame], before: tuple[Frame, Frame], files: FrameFiles) -> Steadiness:
    estimated, sharp = (estimate_flow(a, b) for a, b in zip(now, before, strict=True))
    flow = sharp if files.flow is None else read_flow(files.flow)
    seen = _seen(now[1], before[1], flow, files.occlusion)
    errors = [warping_error_db(frame, last, flow, seen) for frame, last in zip(now, before, strict=True)]
    return Steadiness(errors[0], errors[1], flow_difference(estimated, sharp))


def estimate_flow(target: Frame, source: Frame) -> Flow:
    """(H, W, 2) flow (x, y) in pixels by scikit-image's iterative Lucas-Kanade (Le Besnerais and Champagnat, 2005).

    Chu et al. use Farneback's estimator; what counts is that both videos go through the same one.
    """
    gray = (rgb2gray(frame).astype(np.float32) for frame in (target, source))
    y, x = optical_flow_ilk(*gray, num_warp=_WARPS, dtype=np.float32)  # type: ignore[no-untyped-call]
    return np.stack((x, y), axis=-1).astype(np.float32)


def flow_difference(estimate: Flow, truth: Flow) -> float:
    """tOF of Chu et al. (TecoGAN, TOG 2020): the mean length of the difference of two flows in pixels.

    The paper writes an L1 norm; its program takes the Euclidean length, and so does this.
    """
    return float(distances(estimate, truth).mean())


def warping_error_db(frame: Frame, before: Frame, flow: Flow, seen: NDArray[np.bool_]) -> float:
    """The warping error of Lai et al. (ECCV 2018) as PSNR: a frame against the one before it, warped, where seen.

    Returns: dB, peak 255; inf for none, NaN where nothing is seen in both frames.
    """
    difference = (_warped(before, flow) - frame)[seen]
    return psnr_of(float(np.mean(np.square(difference)))) if difference.size else float("nan")


def _seen(sharp: Frame, before: Frame, flow: Flow, occlusion: Path | None) -> NDArray[np.bool_]:
    """(H, W): what lies in both frames; where no occlusion is known, what stays alike along the flow."""
    within = inside(_tensor(flow))[0, 0].numpy()
    if occlusion is not None:
        return np.asarray(within & ~read_mask(occlusion))
    return np.asarray(within & (np.abs(_warped(before, flow) - sharp).max(-1) <= _STEADY))


def _warped(frame: Frame, flow: Flow) -> NDArray[np.float64]:
    warped = backward_warp(_tensor(frame.astype(np.float32)), _tensor(flow))
    return warped[0].permute(1, 2, 0).double().numpy()


def _tensor(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(values).permute(2, 0, 1)[None]
