"""The authors' recorded run (tests/oracles/pvdnet), its weights poured into our networks."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

ORACLES = Path(__file__).parent / "oracles"
sys.path.insert(0, str(ORACLES))
from weights import oracle_weights  # noqa: E402


def recorded_run() -> dict[str, np.ndarray]:
    return dict(np.load(ORACLES / "pvdnet" / "medium.npz"))


def pour(network: nn.Module, prefix: str) -> nn.Module:
    """Give network the recorded weights: our layers come in the authors' order, so keys match by position."""
    run = recorded_run()
    gains = {"BIMNet.": float(run["bgain"]), "PVDNet.": float(run["pgain"])}
    theirs = oracle_weights(ORACLES / "pvdnet" / "keys.csv", int(run["seed"]), gains)
    values = [value for key, value in theirs.items() if key.startswith(prefix)]
    network.load_state_dict(dict(zip(network.state_dict(), values, strict=True)))
    return network.eval()


def frames() -> torch.Tensor:
    """(4, 3, 64, 96) in [0, 1]."""
    return torch.from_numpy(recorded_run()["frames"]).permute(0, 3, 1, 2).float() / 255
