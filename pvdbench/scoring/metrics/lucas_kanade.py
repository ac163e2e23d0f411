"""Iterative Lucas-Kanade (Le Besnerais and Champagnat, ICIP 2005), behind the protocol tof-ilk.

scikit-image's optical_flow_ilk, against which it is tested, solves each pixel's 2 x 2 system through LAPACK, whose
kernels round differently on each processor. Here the system is solved in closed form; pyramid, filter and interpolation
are SciPy's.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pvdbench.core.colour import gray_709
from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame

_WARPS = 3  # per level of the pyramid; more change the flow by less than a hundredth of a pixel
_WINDOW = 15  # pixels per side over which motion is taken for constant
_SMALLEST = 16  # pixels: no level of the pyramid is smaller
_LEVELS = 10
_SMOOTHING = 2 / 3  # sigma before every second pixel is dropped: a third of the pixels that become one
_SINGULAR = 1e-14  # determinants below this leave the flow undefined; it is 0 there

_Plane = NDArray[np.float32]


def lucas_kanade_flow(target: Frame, source: Frame) -> Flow:
    """Estimate the flow from target to source.

    Args:
        target, source: (H, W, 3) uint8 RGB of one size.

    Returns: (H, W, 2) float32, (x, y) in pixels.
    """
    pyramids = zip(*(_pyramid(gray_709(frame / 255).astype(np.float32)) for frame in (target, source)), strict=True)
    flow: NDArray[np.float32] | None = None
    for fixed, moving in pyramids:
        flow = np.zeros((2, *fixed.shape), np.float32) if flow is None else _enlarged(flow, fixed.shape)
        for _ in range(_WARPS):
            flow = _refined(fixed, moving, flow)
    assert flow is not None
    return np.stack((flow[1], flow[0]), axis=-1)


def _pyramid(image: _Plane) -> list[_Plane]:
    """The image in ever smaller sizes, the smallest first."""
    levels = [image]
    while len(levels) < _LEVELS and min(levels[-1].shape) > 2 * _SMALLEST:
        smooth = ndimage.gaussian_filter(levels[-1], _SMOOTHING, mode="reflect")
        shape = tuple(-(-side // 2) for side in smooth.shape)
        place = np.meshgrid(*(_centres(small, large) for small, large in zip(shape, smooth.shape, strict=True)),
                            indexing="ij")  # fmt: skip
        levels.append(ndimage.map_coordinates(smooth, place, order=1, mode="reflect"))
    return levels[::-1]


def _centres(small: int, large: int) -> NDArray[np.float64]:
    """Where the centres of a smaller image's pixels lie in the larger one, along one axis."""
    return np.asarray((np.arange(small) + 0.5) * (large / small) - 0.5, np.float64)


def _enlarged(flow: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(2, h, w) flow at a larger size, in that size's pixels."""
    scale = [large / small for large, small in zip(shape, flow.shape[1:], strict=True)]
    zoomed = ndimage.zoom(flow, (1, *scale), order=0, mode="nearest", prefilter=False)
    return np.asarray(zoomed * np.array(scale, np.float32)[:, None, None], np.float32)


def _refined(fixed: _Plane, moving: _Plane, flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """One step: the flow, (2, h, w) as (y, x), that best explains fixed by moving, warped by the flow so far."""
    place = np.indices(fixed.shape, np.float32) + flow
    warped = ndimage.map_coordinates(moving, place, order=1, mode="nearest")
    down, across = np.gradient(warped)
    error = down * flow[0] + across * flow[1] + fixed - warped
    a, b, d = (_windowed(product) for product in (down * down, down * across, across * across))
    e, f = _windowed(down * error), _windowed(across * error)
    determinant = a * d - b * b
    singular = np.abs(determinant) < _SINGULAR
    determinant[singular] = 1
    solved = np.stack((d * e - b * f, a * f - b * e)) / determinant
    solved[:, singular] = 0
    return solved.astype(np.float32)


def _windowed(product: _Plane) -> NDArray[np.float64]:
    return np.asarray(ndimage.uniform_filter(product, _WINDOW, mode="mirror"), np.float64)
