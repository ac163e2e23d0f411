"""Frames scored side by side by joblib, on this machine or on a Dask cluster; the results do not depend on it."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import ThreadpoolController

from pvdbench.core.errors import PvdbenchError
from pvdbench.core.working_folder import in_this_folder

Jobs = int | str
"""Processes on this machine, or the address of a Dask scheduler (tcp://HOST:PORT) whose workers see the same files."""

Job = TypeVar("Job")
Result = TypeVar("Result")


class ClusterError(PvdbenchError):
    """A Dask cluster cannot be used."""


def in_order(work: Callable[[Job], Result], every: Sequence[Job], *, jobs: Jobs) -> Iterator[Result]:
    """work(job) of every job, in their order, each on one thread.

    Results are handed on as they come, so that memory does not grow with their number.

    Raises:
        ClusterError: if Dask is not installed or the scheduler does not answer.
    """
    if jobs == 1:
        with _controller().limit(limits=1):
            yield from map(work, every)
    elif isinstance(jobs, int):
        here = in_this_folder(work)
        with parallel_config(backend="loky", inner_max_num_threads=1):
            yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(here)(job) for job in every)
    else:
        yield from _by_dask(work, every, jobs)


def _by_dask(work: Callable[[Job], Result], every: Sequence[Job], address: str) -> Iterator[Result]:
    try:
        from distributed import Client  # an extra
    except ImportError as error:
        raise ClusterError(f"--jobs {address}: Dask is not installed; pip install 'pvdbench[cluster]'") from error
    try:
        client = Client(address, timeout="10s")  # type: ignore[no-untyped-call]  # it has no annotations
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"--jobs {address}: no Dask scheduler answers there; start it, or give a "
                           "number of processes") from error  # fmt: skip
    with client, parallel_config(backend="dask", wait_for_workers_timeout=10):
        results = Parallel(n_jobs=-1, return_as="generator")(delayed(partial(_alone, work))(job) for job in every)
        yield from results


def _alone(work: Callable[[Job], Result], job: Job) -> Result:
    """A worker may have more threads than one, and sums would round otherwise."""
    with _controller().limit(limits=1):
        return work(job)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
