"""A training run on disk, half done: all that is needed to go on as if it had never stopped."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from pvdbench.core.errors import WeightsError
from pvdbench.io.atomic import replaced_file

_FILE = "checkpoint.pt"
LogRow = tuple[int, float, float, float | None]


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        step: updates made.
        batches: batches used up; the supply goes on with the next one.
        rows: of the log so far, as TRAINING_LOG.
        recent: losses since the last row.
        validation: the last loss on held-out clips since the last row.
        best: the lowest of these so far.
    """

    step: int = 0
    batches: int = 0
    rows: list[LogRow] = field(default_factory=list)
    recent: list[float] = field(default_factory=list)
    validation: float | None = None
    best: float | None = None


def save_checkpoint(
    folder: Path, network: nn.Module, optimiser: Optimizer, progress: Progress, identity: Mapping[str, Any]
) -> None:
    """Write everything, whole or not at all; what was there before stays until then.

    Args:
        identity: what must be the same for the run to go on: recipe, row, data set, seed.

    Raises:
        WriteError: if the disk is full.
    """
    content = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "progress": json.dumps(asdict(progress)),
        "random": torch.get_rng_state(),
        "identity": json.dumps(identity, sort_keys=True),
    }
    with replaced_file(folder / _FILE) as partial:
        try:
            torch.save(content, partial)
        except RuntimeError as error:  # it wraps the operating system's error
            raise OSError(str(error)) from error


def restore(folder: Path, network: nn.Module, optimiser: Optimizer, identity: Mapping[str, Any]) -> Progress:
    """Bring network and optimiser to where the run stopped; untouched, and no progress, where there is no checkpoint.

    Raises:
        WeightsError: if the checkpoint is damaged or of another recipe, naming what differs.
    """
    path = folder / _FILE
    if not path.exists():
        return Progress()
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        made = json.loads(content["identity"])
    except Exception as error:  # a damaged file fails in as many ways as there are bytes
        reason = str(error).split("\n")[0]
        raise WeightsError(
            f"{path}: expected a whole checkpoint, got '{reason}'; remove {folder} to begin again"
        ) from error
    if differing := sorted(key for key in {*made, *identity} if made.get(key) != _plain(identity).get(key)):
        raise WeightsError(f"{path}: expected a checkpoint of this run, got another {', '.join(differing)}; "
                           f"remove {folder} to begin again, or take back the change")  # fmt: skip
    network.load_state_dict(content["network"])
    optimiser.load_state_dict(content["optimiser"])
    torch.set_rng_state(content["random"])
    progress = json.loads(content["progress"])
    return Progress(**progress | {"rows": [tuple(row) for row in progress["rows"]]})


def forget(folder: Path) -> None:
    """Remove a run's checkpoint, now that its weights are written; its best and last weights stay."""
    (folder / _FILE).unlink(missing_ok=True)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def _plain(identity: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back."""
    return json.loads(json.dumps(identity))  # type: ignore[no-any-return]  # it is a mapping
