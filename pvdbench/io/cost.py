"""What a stage took on this machine (never part of a result), and what a row computes on any (Table 3, Sec. 4.5)."""

import json
import os
import platform
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pvdbench.core.errors import DataError
from pvdbench.core.json_file import read_json
from pvdbench.io.atomic import replaced_file


@contextmanager
def measured_cost(path: Path, stage: str, *, write: bool = True) -> Iterator[dict[str, Any]]:
    """Write path as JSON when the block ends well; the block may add facts, such as milliseconds or steps.

    Its fact seconds_before is what interrupted commands put into the same output; it is added to seconds.

    Args:
        write: whether this process is the one of several that writes.
    """
    facts: dict[str, Any] = {"stage": stage}
    start = time.perf_counter()
    yield facts
    facts["seconds"] = round(facts.pop("seconds_before", 0.0) + time.perf_counter() - start, 3)
    facts["peak_memory_mib"] = peak_memory()
    facts["hardware"] = hardware()
    if write:
        write_cost(path, facts)


def write_cost(path: Path, facts: Mapping[str, Any]) -> None:
    """Write what a stage took as JSON."""
    with replaced_file(path) as partial:
        partial.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def hardware() -> str:
    """Name the processor and count the cores that this process may use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        name = models[0].split(":")[1].strip() if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Facts(BaseModel):
    """What of a cost file is computed with, or shown; it may hold more."""

    model_config = ConfigDict(strict=True, extra="allow")

    stage: str
    seconds: Amount
    hardware: str
    peak_memory_mib: Amount
    peak_device_memory_mib: Amount | None = None
    milliseconds_median: Amount | None = None
    steps: Annotated[int, Field(ge=0)] | None = None
    threads: int | None = None
    device: str = ""
    precision: str = ""
    timed: str = ""


def read_cost(path: Path) -> dict[str, Any]:
    """Read a stage's cost file.

    Returns: its facts; empty where the stage did not run on this machine, as after `dvc pull`.
    Raises:
        DataError: if the file is damaged.
    """
    try:
        facts = read_json(path, _Facts, "these are no costs of a stage", "delete it or run its stage again")
    except FileNotFoundError:
        return {}
    return facts.model_dump(exclude_unset=True)


def machine(facts: dict[str, Any]) -> str:
    """Say where a row ran: processor or graphics card, threads, and the precision of its output."""
    device = facts.get("device", "cpu")
    where = facts["hardware"] if device == "cpu" else str(device)
    return ", ".join(filter(None, (where, f"threads: {facts['threads']}", facts.get("precision", ""))))


@dataclass(frozen=True)
class Complexity:
    """One row over one data set; a row whose method failed has neither parameters nor a frame size.

    Attributes:
        parameters: by part (`deblur`, `motion`); empty for a method without learned parameters.
        multiply_adds_720p: per frame of 1280x720; None where PyTorch cannot count them.
        width, height: of the frames, in pixels.
    """

    parameters: Mapping[str, Annotated[int, Field(ge=0)]]
    multiply_adds_720p: Amount | None = None
    width: Annotated[int, Field(ge=0)] = 0
    height: Annotated[int, Field(ge=0)] = 0


def write_complexity(path: Path, complexity: Complexity) -> None:
    """Write a JSON file; equal values give equal bytes."""
    with replaced_file(path) as partial:
        partial.write_text(json.dumps(asdict(complexity), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_complexity(path: Path) -> Complexity:
    """Read what write_complexity wrote.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        again = "run the stage of dvc.yaml that writes it again"
        return read_json(path, Complexity, "this is no complexity of a row", again)
    except FileNotFoundError:
        raise DataError(f"{path}: file not found; run the stage of dvc.yaml that writes it") from None
