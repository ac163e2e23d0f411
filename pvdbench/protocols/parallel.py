"""Frames scored side by side by joblib, whose processes Dask can take over; the results do not depend on it."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import ThreadpoolController

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_order(work: Callable[[Job], Result], every: Sequence[Job], *, jobs: int) -> Iterator[Result]:
    """work(job) of every job, in their order, by so many processes with one thread each.

    Results are handed on as they come, so that memory does not grow with their number.
    """
    if jobs == 1:
        with _controller().limit(limits=1):
            yield from map(work, every)
        return
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(work)(job) for job in every)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
