"""Random numbers that begin anew with each clip: its result is the same whichever clips the process ran before."""

import random

import numpy as np
import torch


def same_start() -> None:
    """Seed every generator that a method may draw from without having seeded one itself."""
    random.seed(0)
    np.random.seed(0)  # the one that methods use
    torch.manual_seed(0)
