"""A photograph and a cut-out of another before it, seen by a shaky camera: the image and the flow at any time."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from pvdbench.core.warp import pixel_grid
from pvdbench.datasets.params import Photograph
from pvdbench.datasets.rendered.photographs import photograph, to_linear

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


_WORDS = ("SHARP", "BLUR", "EXIT 7", "PIXEL", "VOLUME", "MOTION", "No. 25", "STOP", "FRAME", "CAFE", "2021", "FLOW")
_EDGE = 0.6  # pixels over which the cut-out fades


@dataclass(frozen=True)
class Scene:
    """Two photographs in linear light and how camera and cut-out move.

    The world is the plane of the background. The camera sees world point e^zoom R(angle) u + position at pixel u
    (from the frame's centre); world point w lies at R(angle) (w - position) on the cut-out, both from the centre.
    """

    background: Tensor  # (3, H, W)
    cutout: Tensor  # (3, H, W)
    outline: Tensor  # (3,): radius in pixels, depth and phase of its lobes
    camera: Trajectory
    object: Trajectory
    size: tuple[int, int]  # height, width of a frame

    def images(self, moments: slice) -> Tensor:
        """Render (N, 3, h, w) linear light at some sub-frames."""
        world = self._world(moments, torch.float32)
        local = self._on_cutout(world, moments)
        alpha = self._alpha(local)
        return _sample(self.background, world) * (1 - alpha) + _sample(self.cutout, local) * alpha

    def flow(self, moment: int, earlier: int) -> tuple[Tensor, Tensor]:
        """Compute where each pixel was at an earlier sub-frame, and whether it was hidden there.

        Returns: flow (h, w, 2), (x, y) in pixels, from moment to earlier; occlusion (h, w) bool, True where the match
            lies outside the frame or behind the cut-out.
        """
        now, then = slice(moment, moment + 1), slice(earlier, earlier + 1)
        world = self._world(now, torch.float64)
        local = self._on_cutout(world, now)
        front = self._alpha(local) > 0.5
        before = torch.where(front, self._off_cutout(local, then), world)
        match = self._on_frame(before, then)
        hidden = ~front & (self._alpha(self._on_cutout(before, then)) > 0.5)
        h, w = self.size
        grid = pixel_grid(h, w, match)
        x, y = (match + torch.tensor([(w - 1) / 2, (h - 1) / 2]).view(1, 2, 1, 1)).unbind(1)
        outside = (x < 0) | (x > w - 1) | (y < 0) | (y > h - 1)
        flow = torch.stack((x, y), 1)[0] - grid
        return flow.permute(1, 2, 0), (hidden[:, 0] | outside)[0]

    def _world(self, moments: slice, precision: torch.dtype) -> Tensor:
        h, w = self.size
        centre = torch.tensor([(w - 1) / 2, (h - 1) / 2], dtype=precision).view(2, 1, 1)
        grid = (pixel_grid(h, w, centre) - centre)[None]
        path, zoom = self.camera, _column(np.exp(self.camera.zoom[moments]), grid)
        return zoom * _rotate(grid, path.angle[moments]) + _pair(path.position[moments], grid)

    def _on_frame(self, world: Tensor, moments: slice) -> Tensor:
        path, zoom = self.camera, _column(np.exp(self.camera.zoom[moments]), world)
        return _rotate(world - _pair(path.position[moments], world), -path.angle[moments]) / zoom

    def _on_cutout(self, world: Tensor, moments: slice) -> Tensor:
        return _rotate(world - _pair(self.object.position[moments], world), self.object.angle[moments])

    def _off_cutout(self, local: Tensor, moments: slice) -> Tensor:
        return _rotate(local, -self.object.angle[moments]) + _pair(self.object.position[moments], local)

    def _alpha(self, local: Tensor) -> Tensor:
        """Compute the opacity, (N, 1, h, w): 1 inside the cut-out's three-lobed outline, 0 outside."""
        x, y = local.unbind(1)
        radius, depth, phase = self.outline
        edge = radius * (1 + depth * torch.sin(3 * torch.atan2(y, x) + phase))
        return torch.sigmoid((edge - torch.hypot(x, y)) / _EDGE)[:, None]


def make_scene(
    rng: np.random.Generator,
    back: Photograph,
    front: Photograph,
    camera: Trajectory,
    moving: Trajectory,
    size: tuple[int, int],
) -> Scene:
    """Make a scene of two photographs with words painted on them, the front one cut out by a random outline."""
    outline = torch.tensor([rng.uniform(0.2, 0.28) * size[1], rng.uniform(0.05, 0.2), rng.uniform(0, 6.28)])
    background, cutout = (to_linear(_with_words(rng, photograph(name), n)) for name, n in ((back, 6), (front, 1)))
    return Scene(background, cutout, outline, camera, moving, size)


def _with_words(rng: np.random.Generator, image: Image.Image, count: int) -> Image.Image:
    """Paint signs at random places; a single one lies at the centre, where the cut-out shows it."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        word = str(rng.choice(_WORDS))
        font = ImageFont.load_default(size=int(rng.integers(12, 26)))
        place = rng.uniform(0.15, 0.8, 2) if count > 1 else np.array([0.42, 0.47])
        x, y = place[0] * image.width, place[1] * image.height
        left, top, right, bottom = draw.textbbox((x, y), word, font=font)
        ink, paper = ((20, 20, 30), (240, 236, 220)) if rng.random() < 0.5 else ((250, 250, 245), (150, 30, 40))
        draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=paper)
        draw.text((x, y), word, fill=ink, font=font)
    return image


def _sample(image: Tensor, place: Tensor) -> Tensor:
    """Sample image (3, H, W) at (N, 2, h, w) pixels from its centre, mirrored beyond its border: (N, 3, h, w)."""
    h, w = image.shape[1:]
    grid = torch.stack((place[:, 0] * (2 / (w - 1)), place[:, 1] * (2 / (h - 1))), -1)
    many = image.expand(len(place), -1, -1, -1)
    return F.grid_sample(many, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _rotate(points: Tensor, angles: np.ndarray) -> Tensor:
    """Turn (N, 2, h, w) points by (N,) radians."""
    cosine, sine = _column(np.cos(angles), points)[:, 0], _column(np.sin(angles), points)[:, 0]
    x, y = points.unbind(1)
    return torch.stack((cosine * x - sine * y, sine * x + cosine * y), 1)


def _column(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype).view(-1, 1, 1, 1)


def _pair(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype).view(-1, 2, 1, 1)
