"""Deal a row's clips over processes, here or on a Dask cluster, and find what went wrong first."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Never

from tqdm import tqdm

from pvdbench.core.executor import ClusterError, count_workers, run_programs
from pvdbench.inference.share import Fault, Share, run_share
from pvdbench.inference.share_process import run_in_process, sent


def run_clips(row: Share) -> Fault | None:
    """Run the clips of a row that are not finished: in this process, or in as many as its jobs say.

    Args:
        row: the share that is all of the row.

    Returns: what went wrong, if anything did: what stops the stage, else the method's first failure in the order of
        the clips, as if they had run one after the other.
    Raises:
        ClusterError: if the scheduler does not answer, or a process or worker was lost.
    """
    todo = [number for number in row.numbers if number not in row.finished]
    frames = [len(clip.frames) for clip in row.clips]
    done = sum(frames) - sum(frames[number] for number in todo)
    row.finished.forget_failures()
    with tqdm(total=sum(frames), initial=done, desc=row.run.row, unit="frame", mininterval=1) as bar:
        faults = [fault for fault in _faults(row, todo, bar) if fault]
    if not faults and (missing := row.finished.lack(row.numbers)):  # of a command that is not ended yet, on a cluster
        raise ClusterError(f"{row.run.row}: clip {row.clips[missing[0]].video} was not finished, as another command "
                           "works on the row; wait for it, then run this one again")  # fmt: skip
    return min(faults, key=lambda fault: (fault.is_the_method_s, fault.number), default=None)


def _faults(row: Share, todo: Sequence[int], bar: "tqdm[Never]") -> Iterator[Fault | None]:
    """Run shares and say what went wrong with each."""
    jobs = row.run.jobs
    if not todo or jobs == 1 or (isinstance(jobs, int) and len(todo) == 1):
        yield run_share(replace(row, numbers=tuple(todo)), bar.update)
        return
    dealt = _dealt(todo, [len(clip.frames) for clip in row.clips], count_workers(jobs))
    finished = replace(row.finished, processes=len(dealt))
    shares = [sent(replace(row, numbers=numbers, finished=finished)) for numbers in dealt]
    if isinstance(jobs, int):
        yield from run_programs(partial(run_in_process, wrote=bar.update), shares, jobs=len(shares))
        return
    for numbers, fault in zip(dealt, run_programs(run_in_process, shares, jobs=jobs), strict=True):
        bar.update(sum(len(row.clips[number].frames) for number in numbers))
        yield fault


def _dealt(todo: Collection[int], frames: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """Deal clips so that the shares have about as many frames: the longest first, each to the shortest share.

    Args:
        frames: of each clip of the row.
        most: shares.
    """
    shares: list[list[int]] = [[] for _ in range(min(most, len(todo)))]
    for number in sorted(todo, key=lambda number: (-frames[number], number)):
        min(shares, key=lambda share: sum(frames[other] for other in share)).append(number)
    return sorted(tuple(sorted(share)) for share in shares)
