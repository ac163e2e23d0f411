"""The benches run through the real loop and loader; their times are no tests."""

import pytest
import torch

from pvdbench.bench.loader_rates import loader_rates
from pvdbench.bench.training_rates import training_rates
from pvdbench.training.params import MotionRecipe, SequenceRecipe

SIZES = {"preset": "paper", "batch": 1, "crop": [32, 32]}


def test_training_rates():
    motion, deblur = MotionRecipe.model_validate(SIZES), SequenceRecipe.model_validate(SIZES)
    rates = training_rates(motion, deblur, width=0.0625, updates=4, device=torch.device("cpu"))
    assert [rate.network for rate in rates] == ["BIMNet", "PVDNet"]
    for rate, steps in zip(rates, (200_000, 600_000), strict=True):
        assert rate.hours * 3600 * rate.updates_per_second == pytest.approx(steps)


def test_loader_rates():
    recipe = SequenceRecipe.model_validate(SIZES | {"sequence": 3, "workers": 0})
    rates = loader_rates(recipe, size=(64, 48), batches_timed=2)
    assert [rate.source for rate in rates] == ["PNG frames", "packed"]
    assert all(rate.sequences_per_second > 0 and rate.ms_per_update > 0 for rate in rates)
