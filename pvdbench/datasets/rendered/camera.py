"""The simulated hand-held camera and the moving object: smooth paths with bursts of shake."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

_SLOWEST, _FASTEST = 0.04, 0.25  # oscillations per frame; slow enough to be smooth in one, fast enough to stay in view
_OSCILLATIONS = 5
_TURN = 0.004  # radians of roll for a pixel of motion
_ZOOM = 0.0015  # logarithm of scale for a pixel of motion


@dataclass(frozen=True)
class Trajectory:
    """A planar motion at every sub-frame: position (N, 2) in pixels, angle (N,) in radians, zoom (N,) a logarithm."""

    position: Samples
    angle: Samples
    zoom: Samples


def shaky_path(rng: np.random.Generator, times: Samples, speed: float, bursts: float) -> Trajectory:
    """Draw a random trajectory around the origin; of speed 0, it rests there.

    Args:
        times: (N,) in frames, equally spaced, N at least 2.
        speed: root mean square in pixels per frame.
        bursts: how many times faster the two bursts of shake are than the calm around them.
    """
    shake = _envelope(rng, times, bursts)
    velocity = np.stack([_wave(rng, times) for _ in range(4)], 1) * shake[:, None]
    velocity *= speed / np.sqrt((velocity[:, :2] ** 2).sum(1).mean())
    path = np.cumsum(velocity, 0) * (times[1] - times[0])
    path -= path.mean(0)
    return Trajectory(path[:, :2], path[:, 2] * _TURN, path[:, 3] * _ZOOM)


def _wave(rng: np.random.Generator, times: Samples) -> Samples:
    frequencies = rng.uniform(_SLOWEST, _FASTEST, _OSCILLATIONS)
    phases = rng.uniform(0, 2 * np.pi, _OSCILLATIONS)
    weights = rng.standard_normal(_OSCILLATIONS)
    wave: Samples = (weights * np.sin(2 * np.pi * frequencies * times[:, None] + phases)).sum(1)
    return wave


def _envelope(rng: np.random.Generator, times: Samples, bursts: float) -> Samples:
    """Compute the shake's strength: 1 in the calm, 1 + bursts at a burst's height; one lasts a sixth of the clip."""
    length = times[-1] - times[0] + 1e-9
    centres = times[0] + length * rng.uniform([0.1, 0.55], [0.45, 0.9])
    peaks: Samples = np.exp(-(((times[:, None] - centres) / (length / 12)) ** 2)).sum(1)
    return 1 + bursts * peaks
