"""The recipes of Sec. 4.1 as the paper states them and as the authors' code runs them."""

from typing import Any

_SHARED = {"steps": 600_000, "batch": 8, "crop": [256, 256], "sequence": 13, "learning_rate": 1e-4}

# the paper does not say how PVDNet's weights start; its authors' code does
SEQUENCE_PRESETS: dict[str, dict[str, Any]] = {
    "paper": _SHARED | {"loss": "l1", "optimiser": "adam", "decay_steps": [400_000], "decay": 0.25,
                        "windows": "random", "start": "xavier", "initial_state": "current"},
    # configs/config_PVDNet.py and models/trainers/trainer.py; cosine annealing is its default (run.py)
    "released": _SHARED | {"loss": "mse", "optimiser": "radam", "weight_decay": 0.01, "clip": 1.0,
                           "cosine": {"periods": [50_000, 100_000, 150_000, 150_000, 150_000], "minimum": 1e-7},
                           "windows": "fixed", "start": "xavier", "initial_state": "previous", "noise": 1e-4},
}  # fmt: skip

MOTION_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"steps": 200_000, "batch": 8, "crop": [256, 256], "learning_rate": 1e-4, "decay_steps": [100_000],
              "decay": 0.1},
    # the authors' script for BIMNet is not published; its masked loss is (models/trainers/trainer.py)
    "released": {"steps": 200_000, "batch": 8, "crop": [256, 256], "learning_rate": 1e-4, "decay_steps": [100_000],
                 "decay": 0.1, "masked": True},
}  # fmt: skip
