"""Scores, frames and batches written as plainly as possible, to compare the fast versions with and to time them by."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage.color import rgb2gray, rgb2ycbcr
from skimage.metrics import structural_similarity
from skimage.registration import optical_flow_ilk

from pvdbench.io.images import Frame
from pvdbench.scoring.frame_pair import FramePair

_Reals = NDArray[np.float64]

_ssim: Callable[..., Any] = structural_similarity
_ilk: Callable[..., Any] = optical_flow_ilk
_farneback: Callable[..., Any] = cv2.calcOpticalFlowFarneback

_CROP = 16
_LUMA = np.array([0.299, 0.587, 0.114])
_WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
_RADIUS = 5  # of the Gaussian window
_STEADY = 10  # of 255, along the sharp video's flow


def decode(path: Path) -> Frame:
    """Decode by Pillow as it comes."""
    with Image.open(path) as image:
        return np.asarray(image)


def encode(path: Path, frame: Frame) -> None:
    """Encode by Pillow at its default level of compression."""
    Image.fromarray(frame).save(path)


def koehler(pair: FramePair) -> dict[str, float]:
    """Score the paper's protocol by three double-precision FFTs and scikit-image's SSIM."""
    moved, seen, shift_y, shift_x, gain = _aligned(pair.estimate, pair.truth)
    a, b = moved @ _LUMA, seen @ _LUMA
    return {"psnr_db": _psnr(a, b), "ssim": _inner_ssim(b, a), "shift_y": shift_y, "shift_x": shift_x, "gain": gain}


def _aligned(estimate: Frame, truth: Frame) -> tuple[_Reals, _Reals, int, int, float]:
    """Crop, scale and move the estimate; the truth is 0 where the moved estimate does not reach."""
    x, z = (frame[_CROP:-_CROP, _CROP:-_CROP].astype(float) for frame in (truth, estimate))
    gain = float(np.sum(x * z) / np.sum(z * z))
    z = z * gain
    correlation = np.abs(np.fft.ifft2(np.fft.fft2(x.mean(2)) * np.conj(np.fft.fft2(z.mean(2)))))
    columns = correlation.T
    shift_x, shift_y = (int(place) for place in np.unravel_index(columns.argmax(), columns.shape))
    h, w = correlation.shape
    shift_y = shift_y - h if shift_y >= h // 2 else shift_y
    shift_x = shift_x - w if shift_x >= w // 2 else shift_x
    moved, mask = np.zeros((h, w, 3)), np.zeros((h, w, 3))
    top, bottom = max(shift_y, 0), min(h, h + shift_y)
    left, right = max(shift_x, 0), min(w, w + shift_x)
    moved[top:bottom, left:right] = z[top - shift_y : bottom - shift_y, left - shift_x : right - shift_x]
    mask[top:bottom, left:right] = 1
    return moved, x * mask, shift_y, shift_x, gain


def _psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def _inner_ssim(a: _Reals, b: _Reals) -> float:
    """Average where the Gaussian window lies inside."""
    _, similarity = _ssim(a, b, full=True, **_WANG)
    return float(similarity[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].mean())


def step_crop(pair: FramePair) -> dict[str, float]:
    """Score RGB after the crop."""
    x, z = (frame[_CROP:-_CROP, _CROP:-_CROP] for frame in (pair.truth, pair.estimate))
    return {"psnr_db": _psnr(z, x)}


def step_gain(pair: FramePair) -> dict[str, float]:
    """Score RGB after crop and gain."""
    x, z = (frame[_CROP:-_CROP, _CROP:-_CROP].astype(float) for frame in (pair.truth, pair.estimate))
    gain = float(np.sum(x * z) / np.sum(z * z))
    return {"psnr_db": _psnr(z * gain, x), "gain": gain}


def step_shift(pair: FramePair) -> dict[str, float]:
    """Score RGB after crop, gain and shift."""
    moved, seen, shift_y, shift_x, gain = _aligned(pair.estimate, pair.truth)
    return {"psnr_db": _psnr(moved, seen), "shift_y": shift_y, "shift_x": shift_x, "gain": gain}


def plain_rgb(pair: FramePair) -> dict[str, float]:
    """Score RGB by scikit-image."""
    similarity = _ssim(pair.truth, pair.estimate, channel_axis=2, **_WANG)
    return {"psnr_db": _psnr(pair.estimate, pair.truth), "ssim": float(similarity)}


def crop_4(pair: FramePair) -> dict[str, float]:
    """Score as plain_rgb without 4 pixels at each side."""
    return plain_rgb(FramePair(pair.estimate[4:-4, 4:-4], pair.truth[4:-4, 4:-4]))


def matlab_ssim(pair: FramePair) -> dict[str, float]:
    """Score by scikit-image's SSIM of volumes whose edges are repeated."""
    volumes = (np.pad(frame.astype(float), _RADIUS, mode="edge") for frame in (pair.truth, pair.estimate))
    similarity = _ssim(*volumes, **_WANG)
    return {"psnr_db": _psnr(pair.estimate, pair.truth), "ssim": float(similarity)}


def eval_py(pair: FramePair) -> dict[str, float]:
    """Score by scikit-image's default SSIM."""
    similarity = _ssim(pair.truth, pair.estimate, channel_axis=2)
    return {"psnr_db": _psnr(pair.estimate, pair.truth), "ssim": float(similarity)}


def luma_y(pair: FramePair) -> dict[str, float]:
    """Score scikit-image's studio-range luma."""
    a, b = (rgb2ycbcr(frame)[..., 0] for frame in (pair.truth, pair.estimate))
    return {"psnr_db": _psnr(b, a), "ssim": _inner_ssim(a, b)}


def endpoint(pair: FramePair) -> dict[str, float]:
    """Average the length of the difference of two flows, everywhere and where both frames see."""
    assert pair.flow is not None and pair.true_flow is not None and pair.occluded is not None
    (x, y), (true_x, true_y) = (np.moveaxis(flow.astype(float), -1, 0) for flow in (pair.flow, pair.true_flow))
    distance = np.sqrt((x - true_x) ** 2 + (y - true_y) ** 2)
    return {"epe_px": float(distance.mean()), "epe_visible_px": float(distance[~pair.occluded].mean())}


def temporal(pair: FramePair) -> dict[str, float]:
    """Score a frame against the one before it, both flows estimated by OpenCV from the frames alone."""
    if pair.before is None:
        return {}
    sharp = _flow(pair.truth, pair.before.truth)
    h, w = sharp.shape[:2]
    x, y = np.moveaxis(sharp, -1, 0) + np.indices((h, w), np.float32)[::-1]  # in float32, as flow files are
    within = (x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1)
    seen = within & (np.abs(_warped(pair.before.truth, x, y) - pair.truth).max(-1) <= _STEADY)
    difference = (_warped(pair.before.estimate, x, y) - pair.estimate)[seen]
    error = 10 * math.log10(255**2 / np.mean(difference**2)) if difference.size else math.nan
    return {"warping_error_db": error, "tof_px": _tof(pair, pair.before)}


def _tof(pair: FramePair, before: FramePair) -> float:
    """Average as TecoGAN's program does: flows from the frame before, without a border where the frame is large."""
    ours, sharp = _flow(before.estimate, pair.estimate), _flow(before.truth, pair.truth)
    distance = np.linalg.norm(ours.astype(float) - sharp, axis=-1)
    rows, columns = ((side - 16) // 32 * 32 for side in distance.shape)
    if rows and columns:
        top, left = ((side - kept) // 2 for side, kept in zip(distance.shape, (rows, columns), strict=True))
        distance = distance[top : top + rows, left : left + columns]
    return float(distance.mean())


def tof_ilk(pair: FramePair) -> dict[str, float]:
    """Average the length of the difference of scikit-image's Lucas-Kanade flows of both videos."""
    if pair.before is None:
        return {}
    ours, sharp = _lucas_kanade(pair.estimate, pair.before.estimate), _lucas_kanade(pair.truth, pair.before.truth)
    return {"tof_ilk_px": float(np.linalg.norm(ours.astype(float) - sharp, axis=-1).mean())}


def _flow(target: Frame, source: Frame) -> NDArray[np.float32]:
    """Estimate by OpenCV's Farneback with the settings of TecoGAN's program."""
    gray = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (target, source))
    return np.asarray(_farneback(*gray, None, 0.5, 3, 15, 3, 5, 1.2, 0))


def _lucas_kanade(target: Frame, source: Frame) -> NDArray[np.float32]:
    gray = (rgb2gray(frame).astype(np.float32) for frame in (target, source))
    y, x = _ilk(*gray, num_warp=3, dtype=np.float32)
    return np.stack((x, y), -1)


def _warped(frame: Frame, x: NDArray[np.float32], y: NDArray[np.float32]) -> _Reals:
    """Read a frame bilinearly, 0 beyond it."""
    planes = [map_coordinates(frame[..., c].astype(float), (y, x), order=1, mode="grid-constant") for c in range(3)]
    return np.stack(planes, -1)


PROTOCOLS: Mapping[str, Callable[[FramePair], dict[str, float]]] = {
    "koehler": koehler, "su-30": koehler, "step-crop": step_crop, "step-gain": step_gain, "step-shift": step_shift,
    "plain-rgb": plain_rgb, "crop-4": crop_4, "matlab-ssim": matlab_ssim, "eval-py": eval_py, "luma-y": luma_y,
    "endpoint": endpoint, "temporal": temporal, "tof-ilk": tof_ilk,
}  # fmt: skip
"""By the name of the protocol; koehler-subpixel has none."""
