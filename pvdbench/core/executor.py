"""Work done side by side, on this machine or on a Dask cluster; the results do not depend on it."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import ThreadpoolController

from pvdbench.core.device import keep_freed_memory
from pvdbench.core.errors import PvdbenchError
from pvdbench.core.working_folder import in_this_folder

if TYPE_CHECKING:
    from distributed import Client, Worker

Jobs = int | str
"""Processes on this machine, or the address of a Dask scheduler (tcp://HOST:PORT) whose workers see the same files."""

_FIRST = 10**9  # of a task's priority: before stages of a study that wait for the same workers
_PATIENCE = 10  # seconds for a scheduler to answer and for its first worker to come

Job = TypeVar("Job")
Result = TypeVar("Result")


class ClusterError(PvdbenchError):
    """A Dask cluster cannot be used."""


def in_order(work: Callable[[Job], Result], every: Sequence[Job], *, jobs: Jobs) -> Generator[Result]:
    """work(job) of every job, in their order, each on one thread.

    Results are handed on as they come, so that memory does not grow with their number.

    Raises:
        ClusterError: if Dask is not installed or the scheduler does not answer.
    """
    if jobs == 1:
        keep_freed_memory()
        with _controller().limit(limits=1):
            yield from map(work, every)
    elif isinstance(jobs, int):
        here = in_this_folder(partial(_alone, work))
        with parallel_config(backend="loky", inner_max_num_threads=1):
            yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(here)(job) for job in every)
    else:
        yield from _by_dask(work, every, jobs)


def _by_dask(work: Callable[[Job], Result], every: Sequence[Job], address: str) -> Iterator[Result]:
    with _client(address), parallel_config(
        backend="dask", wait_for_workers_timeout=_PATIENCE, priority=_FIRST
    ):  # fmt: skip
        results = Parallel(n_jobs=-1, return_as="generator")(delayed(partial(_alone, work))(job) for job in every)
        yield from results


@contextmanager
def _client(address: str) -> "Iterator[Client]":
    try:
        from distributed import Client  # an extra
    except ImportError as error:
        raise ClusterError(f"--jobs {address}: Dask is not installed; pip install 'pvdbench[cluster]'") from error
    try:
        client = Client(address, timeout=_PATIENCE)  # type: ignore[no-untyped-call]  # it has no annotations
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"--jobs {address}: no Dask scheduler answers there; start it, or give a "
                           "number of processes") from error  # fmt: skip
    with client:
        yield client


def _alone(work: Callable[[Job], Result], job: Job) -> Result:
    """A worker may have more threads than one, and sums would round otherwise."""
    keep_freed_memory()
    with _controller().limit(limits=1):
        return work(job)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


Stopped = Callable[[], bool]
"""Whether nobody waits for a job any more, so that it has to end what it started."""


def count_workers(jobs: Jobs) -> int:
    """Count the programs that run side by side: a Dask worker runs one on each of its threads.

    Raises:
        ClusterError: if the scheduler does not answer, or no worker comes within 10 s.
    """
    if isinstance(jobs, int):
        return jobs
    with _client(jobs) as client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise ClusterError(f"--jobs {jobs}: the scheduler has no worker; start one: dask worker {jobs}") from error
        return sum(client.nthreads().values())  # type: ignore[no-untyped-call]


def run_programs(work: Callable[[Job, Stopped], Result], every: Sequence[Job], *, jobs: Jobs) -> Iterator[Result]:
    """work(job, stopped) of every job, in their order: each starts a program, waits for it, and ends it when stopped.

    All jobs are stopped when this command ends, however it ends.

    Raises:
        ClusterError: if Dask is not installed, the scheduler does not answer, or it or its workers are lost.
    """
    if isinstance(jobs, str):
        yield from _programs_by_dask(work, every, jobs)
        return
    stopped = Event()
    with ThreadPoolExecutor(jobs) as threads:
        futures = [threads.submit(work, job, stopped.is_set) for job in every]
        try:
            yield from (future.result() for future in futures)
        finally:
            stopped.set()
            threads.shutdown(cancel_futures=True)


def _programs_by_dask(work: Callable[[Job, Stopped], Result], every: Sequence[Job], address: str) -> Iterator[Result]:
    with _client(address) as client:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        futures: list[Any] = client.map(partial(_until_cancelled, work), every, pure=False, priority=_FIRST)
        try:
            yield from (future.result() for future in futures)
        except (KilledWorker, FutureCancelledError) as error:
            raise ClusterError(f"--jobs {address}: the scheduler or its workers were lost; see why in their logs, and "
                               "run the same command again, which goes on") from error  # fmt: skip
        finally:
            client.cancel(futures)  # type: ignore[no-untyped-call]


def _until_cancelled(work: Callable[[Job, Stopped], Result], job: Job) -> Result:
    from distributed import get_worker

    worker = get_worker()
    return work(job, partial(_is_cancelled, worker, worker.get_current_task()))


def _is_cancelled(worker: "Worker", key: Any) -> bool:
    """Tell whether the client has cancelled a task, or has gone away: its thread cannot be interrupted."""
    task = worker.state.tasks.get(key)
    return task is None or task.state == "cancelled"
