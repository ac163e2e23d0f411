"""Narrow variants of the competing networks, for tests, and weights of them that do something sensible."""

from pathlib import Path

import torch
from conftest import METHODS

from pvdbench.core.params import parse_params
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_trainable
from pvdbench.training.competitors import train_competitor
from pvdbench.training.distributed import SINGLE, Processes
from pvdbench.training.params import MethodRecipe
from pvdbench.training.trainer import Trainer

NARROW = {
    "deepdeblur": {"width": 0.125, "blocks": 1},
    "dvd": {"width": 0.0625},
    "edvr": {"width": 0.0625, "extracting": 1, "reconstructing": 1},
    "ifirnn": {"channels": 4, "blocks": 1},
    "ovd": {"width": 0.25, "blocks": 1},
    "srn": {"width": 0.125, "blocks": 1},
}
"""Every method with a network of its own."""
SHORT = {"batch": 2, "crop": [32, 32], "learning_rate": 3e-3, "cosine": None, "power": None, "decay_steps": [],
         "flips": False, "checkpoint_every": 0}  # fmt: skip


def recipe_of(name: str, **given: object) -> MethodRecipe:
    """The method's own recipe, cut short."""
    return parse_params(Path(name), read_card(METHODS, name).training | SHORT | given, MethodRecipe)


def train_narrow(name: str, dataset: Path, weights: Path, *, processes: Processes = SINGLE, **given: object) -> Path:
    """Train the narrow variant; returns its log."""
    log = weights.with_suffix(".csv")
    method, options = load_trainable(METHODS, name), read_card(METHODS, name).chosen(NARROW[name], name)
    trainer = Trainer(dataset, weights, log, weights.with_suffix(".half"), 0, torch.device("cpu"), processes)
    train_competitor(method, options, recipe_of(name, **given), trainer)
    return log
