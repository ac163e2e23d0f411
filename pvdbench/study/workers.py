"""Where stages run: Dask's workers on this machine's cores and cards, those of a scheduler, or of a SLURM queue."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pvdbench.core.errors import StudyError, shorten

if TYPE_CHECKING:
    from distributed import Client

_SETTINGS: dict[str, Any] = {
    "distributed.worker.daemon": False,  # its stages are processes of their own
    "distributed.nanny.pre-spawn-environ": {},  # sums round by what it sets: OMP_NUM_THREADS and the like
    "distributed.worker.memory.terminate": False,  # a stage's memory is not its worker's
    "distributed.worker.memory.pause": False,
    "distributed.scheduler.worker-ttl": None,
    "distributed.admin.tick.limit": "1h",
    "distributed.worker.profile.enabled": False,  # it looks a hundred times per second
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
}
_ATTEMPTS = 3  # to start workers
_CARD_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""Without one of these Linux has no graphics card that PyTorch computes on: NVIDIA's, one below Windows, AMD's."""
GPU = "gpu"
"""The resource that a stage takes which computes on a graphics card; a worker has one per card."""
MEMORY = "memory"
"""The resource, in bytes, of which a stage takes what it needs, where workers offer any: those of a queue do."""


@dataclass(frozen=True)
class Place:
    """Where a study runs: one of the three.

    Attributes:
        jobs: workers on this machine; None for one per card, or per core where there is none.
        scheduler: the address of a Dask scheduler, whose workers see the same files and have pvdbench.
        slurm: the YAML file that says how to start workers by SLURM.
    """

    jobs: int | None = None
    scheduler: str | None = None
    slurm: Path | None = None


@contextmanager
def connected(place: Place) -> Iterator["Client"]:
    """Connect to workers, which are started first unless a scheduler is given, and ended with the block.

    Raises:
        StudyError: if Dask is not installed, or the scheduler does not answer.
        ParamsError: if the SLURM file is wrong.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise StudyError("study run: Dask is not installed; pip install 'pvdbench[cluster]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what went wrong is told stage by stage
    with dask.config.set(_SETTINGS):
        if place.scheduler is not None:
            try:
                client = Client(place.scheduler, timeout="10s")  # type: ignore[no-untyped-call]
            except (OSError, ValueError, TimeoutError) as error:
                raise StudyError(f"--scheduler {place.scheduler}: no Dask scheduler answers there; start it, or run "
                                 "with --jobs") from error  # fmt: skip
            with client:
                yield client
        else:
            with _started_cluster(place) as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
                yield client


def _started_cluster(place: Place) -> Any:
    """Start workers; one that dies while it starts, as it may where memory is short, has all of them started again."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _cluster(place)
        except (RuntimeError, OSError) as error:
            if not left:
                raise StudyError(f"study run: workers do not start: {shorten(error.__cause__ or error, 120)}; free "
                                 "memory or take fewer --jobs, then run again") from error  # fmt: skip
    raise AssertionError("the last attempt returns or raises")


def _cluster(place: Place) -> Any:
    if place.slurm is not None:
        from pvdbench.study.slurm import slurm_cluster

        return slurm_cluster(place.slurm)
    from distributed import Nanny, Scheduler, SpecCluster

    cards = _cards()
    jobs = place.jobs or cards or len(os.sched_getaffinity(0))
    specification = {
        number: {"cls": Nanny, "options": _options(number, number < cards, cards)} for number in range(jobs)
    }
    here = {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": Scheduler, "options": here}
    return SpecCluster(workers=specification, scheduler=scheduler, silence_logs=logging.CRITICAL)  # type: ignore[no-untyped-call]


def _options(number: int, has_card: bool, cards: int) -> dict[str, Any]:
    """A worker of one thread, as each of its stages counts its own; it sees one card of its own, or none of several."""
    options: dict[str, Any] = {
        "nthreads": 1, "memory_limit": 0, "dashboard": False, "host": "127.0.0.1", "name": str(number),
        "silence_logs": logging.CRITICAL, "preload": ["pvdbench.study.worker_session"],
    }  # fmt: skip
    if cards:
        options["resources"] = {GPU: 1} if has_card else {}
        options["env"] = {"CUDA_VISIBLE_DEVICES": str(number) if has_card else ""}
    return options


def _cards() -> int:
    if not any(Path(device).exists() for device in _CARD_DEVICES):
        return 0
    import torch  # here, as it takes seconds

    return torch.cuda.device_count()
