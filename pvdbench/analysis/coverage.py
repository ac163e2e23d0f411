"""How often the printed 95 % intervals hold the true value, by simulated clips with effects of their own."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvdbench.analysis.clip_test import Bounds
from pvdbench.analysis.intervals import changes, ratios

CLIPS = (2, 3, 4, 6, 10, 20)

_Array = NDArray[np.float64]
_Held = NDArray[np.bool_]
_Effects = Callable[[np.random.Generator, tuple[int, int]], _Array]

_FRAME_NOISE = 2.0  # of a frame, in standard deviations of the clips' effects
_SIGMA = 0.5  # of the log-normal effects


def _lognormal(rng: np.random.Generator, shape: tuple[int, int]) -> _Array:
    mean, spread = math.exp(_SIGMA**2 / 2), math.sqrt(math.exp(_SIGMA**2) * (math.exp(_SIGMA**2) - 1))
    return (rng.lognormal(0.0, _SIGMA, shape) - mean) / spread


EFFECTS: Mapping[str, _Effects] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "skewed (log-normal, skewness 1.75)": _lognormal,
    "very skewed (exponential, skewness 2)": lambda rng, shape: rng.exponential(1.0, shape) - 1,
}
"""What a clip adds to all of its frames: mean 0, standard deviation 1."""


@dataclass(frozen=True)
class _Draw:
    """Simulated studies: lengths and values per clip, each (trials, clips)."""

    rng: np.random.Generator
    effects: _Effects
    trials: int
    clips: int

    @property
    def effect(self) -> _Array:
        """New effects of every clip."""
        return self.effects(self.rng, (self.trials, self.clips))

    def lengths(self, low: int, high: int) -> _Array:
        """Frames of every clip; each length is as likely."""
        return self.rng.integers(low, high + 1, (self.trials, self.clips)).astype(np.float64)

    def means(self, lengths: _Array) -> _Array:
        """Mean of the frames of every clip, the truth being 0."""
        return self.effect + self.rng.normal(0.0, _FRAME_NOISE, lengths.shape) / np.sqrt(lengths)


def _equal(draw: _Draw) -> _Held:
    lengths = np.full((draw.trials, draw.clips), 100.0)
    return _held(draw.effect * lengths, lengths)


def _unequal(draw: _Draw) -> _Held:
    lengths = draw.lengths(25, 100)
    return _held(draw.means(lengths) * lengths, lengths)


def _group(draw: _Draw) -> _Held:
    tenths = np.ceil(draw.lengths(25, 100) / 10)
    return _held(draw.means(tenths) * tenths, tenths)


def _clip_means(draw: _Draw) -> _Held:
    return _held(draw.means(draw.lengths(25, 100)), np.ones((draw.trials, draw.clips)))


def _paired(draw: _Draw) -> _Held:
    lengths = draw.lengths(25, 100)
    first, second = draw.means(lengths), draw.means(lengths)
    return _held((first + 0.3 * (first - second)) * lengths, lengths)


def _shares(draw: _Draw) -> _Held:
    pixels = 1000 * draw.lengths(25, 100)
    return _held((60 + 8 * draw.effect) * pixels, pixels, truth=60.0)


def _without_first(draw: _Draw) -> _Held:
    lengths = draw.lengths(25, 100)
    rest, first = draw.means(lengths - 1), draw.effect
    totals = rest * (lengths - 1)  # a first frame differs from the others of its clip by an effect of its own
    return _within(changes(totals + rest + first, lengths, totals, lengths - 1)[1])


def _by_clip(draw: _Draw) -> _Held:
    lengths = draw.lengths(25, 100)
    means = draw.means(lengths)
    return _within(changes(means * lengths, lengths, means, np.ones_like(means))[1])


def _held(totals: _Array, weights: _Array, truth: float = 0.0) -> _Held:
    return _within(ratios(totals, weights)[1], truth)


def _within(bounds: Bounds, truth: float = 0.0) -> _Held:
    return (bounds.low <= truth) & (truth <= bounds.high)


STATISTICS: Mapping[str, Callable[[_Draw], _Held]] = {
    "mean over all frames, clips of one length": _equal,
    "mean over all frames, lengths 25 to 100": _unequal,
    "sharpest or blurriest 10 %, lengths 25 to 100": _group,
    "mean of clip means": _clip_means,
    "paired difference, lengths 25 to 100": _paired,
    "share of pixels (Sec. 4.4)": _shares,
    "change of the mean, first frames left out": _without_first,
    "change from mean over frames to mean of clips": _by_clip,
}
"""Each draws studies and says of which the interval holds the true value."""


@dataclass(frozen=True)
class Coverage:
    """The share of trials whose interval held the true value, for each number of CLIPS; all in percent."""

    statistic: str
    effects: str
    percent: tuple[float, ...]


def simulate(trials: int, seed: int) -> Iterator[Coverage]:
    """Draw studies of each kind and each number of clips; the same seed draws the same.

    Args:
        trials: studies of each kind.
    """
    for statistic, held in STATISTICS.items():
        for effects, draw in EFFECTS.items():
            rng = np.random.default_rng(seed)
            shares = (held(_Draw(rng, draw, trials, clips)).mean() for clips in CLIPS)
            yield Coverage(statistic, effects, tuple(100 * float(share) for share in shares))
