"""The learning rate of an update: steps down (Sec. 4.1), cosines with restarts (as EDVR), or a power (as SRN)."""

import math

from pvdbench.training.params import Cosine, Recipe


def rate_factor(recipe: Recipe, step: int) -> float:
    """Return what the recipe's learning rate is multiplied by after step updates."""
    rise = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    if recipe.cosine is not None:
        return rise * _cosine(recipe.cosine, recipe.learning_rate, step)
    if recipe.power is not None:
        return rise * float((1 - step / recipe.steps) ** recipe.power)
    return rise * recipe.decay ** sum(step >= decay_step for decay_step in recipe.decay_steps)


def _cosine(cosine: Cosine, rate: float, step: int) -> float:
    """Anneal from each period's full rate to the minimum, where the rate stays after the last period."""
    low = cosine.minimum / rate
    weights = cosine.weights or [1.0] * len(cosine.periods)
    for period, full in zip(cosine.periods, weights, strict=True):
        if step < period:
            return low + (full - low) * (1 + math.cos(math.pi * step / period)) / 2
        step -= period
    return low
