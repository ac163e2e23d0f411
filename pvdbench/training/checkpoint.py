"""The checkpoint of a half-done training run: all that is needed to go on as if it had never stopped."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import nn
from torch.optim import Optimizer

from pvdbench.core.errors import WeightsError, shorten
from pvdbench.io.atomic import replaced_file
from pvdbench.io.pickled import load_pickled

_SECONDS = 2.0  # between two checkpoints, at least
_SHARE = 0.02  # of the time at most for writing them
_RATE = 2e6  # bytes per second at most that they put on a disk, on the average

LogRow = tuple[int, float, float, float | None]


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        step: updates made.
        batches: batches used up; the run goes on with the next one.
        rows: of the log so far, as TRAINING_LOG.
        recent: losses since the last row.
        validation: the last loss on held-out clips since the last row.
        best: the lowest of these so far.
        seconds: of training up to the last checkpoint, those before an interruption included.
    """

    step: int = 0
    batches: int = 0
    rows: list[LogRow] = field(default_factory=list)
    recent: list[float] = field(default_factory=list)
    validation: float | None = None
    best: float | None = None
    seconds: float = 0.0


class DamagedCheckpointError(WeightsError):
    """A checkpoint that is not what was written: nothing can go on from it."""


class CheckpointTimer:
    """Says when a checkpoint is due: after so many updates, or by time.

    By time it is two seconds after the one before, no sooner than 50 times as long as that took to write, and no sooner
    than a disk would take for it at 2 MB per second: writing takes less than 2 % of the training and spares disks that
    many share. kill -9 costs at most that interval, besides what it took to write and the batch in flight.
    """

    def __init__(self, every: int | None, step: int) -> None:
        """Begin with what was restored.

        Args:
            every: updates between checkpoints; 0 for none; None for by time.
            step: updates made so far.
        """
        self._every, self._step, self._since, self._pause = every, step, time.monotonic(), _SECONDS

    def is_due(self, step: int) -> bool:
        """Tell whether a checkpoint is to be written after so many updates."""
        if self._every is not None:
            return self._every > 0 and step - self._step >= self._every
        return time.monotonic() - self._since >= self._pause

    @contextmanager
    def writing(self, step: int, path: Path) -> Iterator[None]:
        """Within the block, a checkpoint is written to path, by this process or another one."""
        start = time.monotonic()
        yield
        self._step, self._since = step, time.monotonic()
        size = path.stat().st_size if path.exists() else 0
        self._pause = max(_SECONDS, (self._since - start) / _SHARE, size / _RATE)


def checkpoint_file(folder: Path) -> Path:
    """Where a run's checkpoint lies in its folder of checkpoints."""
    return folder / "checkpoint.pt"


def save_checkpoint(
    folder: Path, network: nn.Module, optimiser: Optimizer, progress: Progress, identity: Mapping[str, Any]
) -> None:
    """Write a checkpoint whole or not at all; until then the previous one stays.

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
    with replaced_file(checkpoint_file(folder)) as partial:
        try:
            torch.save(content, partial)
        except RuntimeError as error:  # it wraps the operating system's error
            raise OSError(str(error)) from error


def restore_checkpoint(folder: Path, network: nn.Module, optimiser: Optimizer, identity: Mapping[str, Any]) -> Progress:
    """Bring network and optimiser to where the run stopped; without a checkpoint they stay, and nothing is done yet.

    Raises:
        DamagedCheckpointError: if its bytes are not those that were written; network and optimiser stay as they are.
        WeightsError: if it cannot be read, or is of another run, naming what differs.
    """
    path = checkpoint_file(folder)
    if not path.exists():
        return Progress()
    content = _load(path)
    try:
        saved, own = dict(json.loads(content["identity"])), dict(json.loads(json.dumps(identity)))
    except Exception as error:  # a whole file of other content
        raise _unreadable(path, error) from error
    if differing := sorted(key for key in {*saved, *own} if saved.get(key) != own.get(key)):
        raise WeightsError(f"{path}: this checkpoint is of another run, whose {', '.join(differing)} differ; "
                           f"remove {folder} to begin again, or take back the change")  # fmt: skip
    try:
        network.load_state_dict(content["network"])
        optimiser.load_state_dict(content["optimiser"])
        _check_moments(optimiser)
        torch.set_rng_state(content["random"])
        progress = TypeAdapter(Progress).validate_json(content["progress"], strict=True)
        if json.loads(content["progress"]).keys() != asdict(progress).keys():
            raise ValueError("its progress has other keys")
        if not 0 <= progress.step < identity.get("steps", progress.step + 1) or progress.batches < 0:
            raise ValueError(f"it says that {progress.step} updates were made")
    except Exception as error:  # a whole file of the same identity, with other content
        raise _unreadable(path, error) from error
    return progress


def _load(path: Path) -> Any:
    try:
        return load_pickled(path)
    except (OSError, MemoryError) as error:  # of the disk or the machine, which another try may be spared
        raise _unreadable(path, error) from error
    except Exception as error:  # a damaged file fails in as many ways as there are bytes; each has a checksum
        reason = shorten(error, 80) or type(error).__name__
        raise DamagedCheckpointError(f"{path}: this checkpoint is damaged: {reason}") from error


def _check_moments(optimiser: Optimizer) -> None:
    """Compare the moments' shapes with the parameters', which the optimiser itself does at the next update only."""
    for parameter, state in optimiser.state.items():
        for name, value in state.items():
            if name != "step" and (not isinstance(value, torch.Tensor) or value.shape != parameter.shape):
                raise ValueError(f"{name} of a parameter of {tuple(parameter.shape)} has another shape")


def _unreadable(path: Path, error: Exception) -> WeightsError:
    reason = shorten(error, 80) or type(error).__name__
    return WeightsError(f"{path}: cannot read this checkpoint: {reason}; remove its folder to begin again")


def remove_checkpoint(folder: Path) -> None:
    """Remove a run's checkpoint, now that its weights are written; its best and last weights stay."""
    checkpoint_file(folder).unlink(missing_ok=True)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
