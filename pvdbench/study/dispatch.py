"""The stages of a study handed to Dask's workers, each as soon as its inputs are there, and recorded as they end."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from pvdbench.core.errors import PvdbenchError, shorten
from pvdbench.study.graph import Graph
from pvdbench.study.recorder import Recorder
from pvdbench.study.stage_times import StageTimes
from pvdbench.study.stage_work import Ended, StageWork, run_stage, stop_stages
from pvdbench.study.workers import GPU, MEMORY

if TYPE_CHECKING:
    from distributed import Client, Future

_TICK = 0.25  # seconds between two looks for signals
_LOOK = 1.0  # seconds between two looks at what the stages say
_RETRIES = 2  # of a stage whose worker could not begin it; one whose worker died begins again by Dask's own rule
_MANY = 2000  # files of a data set, from which on its clips are dealt over all workers: Su et al.'s test clips
_COMPUTING = ("pretrain", "train-motion", "train-deblur", "motion", "deblur", "qualitative")
"""Kinds of stages that use a graphics card where there is one."""
_BY_CLIP = ("motion", "deblur", "qualitative", "truth", "score-motion", "score-deblur")
"""Kinds of stages whose commands deal clips over workers, by PVDBENCH_JOBS."""


@dataclass
class Outcome:
    """What became of the stages, by name.

    Attributes:
        ran: their commands ran here, and how they ended.
        current: nothing was to do.
        restored: put back from DVC's cache.
        failed: and why.
        left: stages that did not run, as they need one that failed or the run was stopped.
        stopped: whether Ctrl-C, SIGTERM or SIGHUP ended it.
        seconds: of all.
    """

    ran: dict[str, Ended] = field(default_factory=dict)
    current: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0


class View(Protocol):
    """What is told of the run while it goes on."""

    def began(self, work: StageWork) -> None:
        """Hear that a stage was handed to the workers."""
        ...

    def ended(self, name: str, how: str) -> None:
        """Hear how a stage ended, or that nothing was to do."""
        ...

    def look(self, done: int, total: int, seconds_left: float) -> None:
        """Be called several times per second."""
        ...


class Dispatch:
    """One run of a study."""

    def __init__(
        self, graph: Graph, recorder: Recorder, connect: Callable[[], "Client"], memory: Callable[[str], float],
        times: StageTimes, view: View,
    ) -> None:  # fmt: skip
        """Take all that it needs.

        Args:
            connect: called when the first stage has to run, as a study with nothing to do needs no workers.
            memory: bytes that the stage of a name needs, as far as is known; 0 if it is not.
        """
        self._graph, self._recorder, self._times, self._view = graph, recorder, times, view
        self._memory = memory
        self._connect = connect
        self._client: Client | None = None
        self._waiting = dict.fromkeys(graph.stages)
        self._running: dict[str, tuple[StageWork, float]] = {}
        self._ended: SimpleQueue[tuple[str, Future[Any]]] = SimpleQueue()
        self._outcome, self._signals, self._told, self._looked = Outcome(), 0, 0, 0.0
        self._seconds = times.expected(graph.stages)
        self._chains = graph.longest(self._seconds)

    def run(self) -> Outcome:
        """Run all stages that have to run, until none is left or what is left cannot run."""
        start = time.monotonic()
        with self._stopped_by_signals():
            while self._waiting or self._running:
                self._begin_what_can()
                self._pass_signals_on()
                if self._running:
                    self._take_what_ended()
                    self._recorder.write()
        self._outcome.seconds = time.monotonic() - start
        if self._outcome.ran:
            self._times.write()
        return self._outcome

    def _begin_what_can(self) -> None:
        """Settle every stage whose inputs are there, the one with the longest chain first."""
        if ready := self._ready():
            with self._recorder.locked():
                while ready:
                    for name in ready:
                        del self._waiting[name]
                        self._begin(name)
                    ready = self._ready()

    def _ready(self) -> list[str]:
        unfinished = {*self._waiting, *self._running}
        ready = (name for name in self._waiting if not self._graph.needs[name] & unfinished)
        return sorted(ready, key=self._chains.__getitem__, reverse=True)

    def _begin(self, name: str) -> None:
        unmet = self._graph.needs[name] & {*self._outcome.failed, *self._outcome.left}
        if unmet or self._signals:
            self._outcome.left.append(name)
            return
        try:
            state = self._recorder.settle(name)
            work = self._recorder.begin(name) if state == "changed" else None
        except PvdbenchError as error:
            self._fail(name, _without(name, error))
            return
        if work is not None:
            self._start(work)
            return
        (self._outcome.current if state == "current" else self._outcome.restored).append(name)
        self._view.ended(name, "" if state == "current" else "put back from DVC's cache")

    def _start(self, work: StageWork) -> None:
        """Hand a stage to the workers; without any to begin with, the run ends."""
        if self._client is None:
            self._client = self._connect()
        try:
            self._submit(self._client, work)
        except (OSError, TimeoutError, RuntimeError) as error:
            self._recorder.end(work.name, well=False)
            self._fail(work.name, f"the scheduler is gone: {shorten(error, 150)}")

    def _submit(self, client: "Client", work: StageWork) -> None:
        resources = self._resources(work.name)
        if self._is_shared(work, resources):
            jobs = {"PVDBENCH_JOBS": client.scheduler_info()["address"]}
            work = replace(work, environment=work.environment | jobs, shared=True)
        future = client.submit(
            run_stage, work, key=f"{work.run}-{work.name}", pure=False, retries=_RETRIES,
            priority=self._chains[work.name], resources=resources or None)  # fmt: skip
        future.add_done_callback(lambda ended: self._ended.put((work.name, ended)))  # type: ignore[no-untyped-call]
        self._running[work.name] = work, time.monotonic()
        self._view.began(work)

    def _resources(self, name: str) -> dict[str, float]:
        """For what computes: a card, else bytes of memory, where workers have any."""
        assert self._client is not None
        if name.partition("@")[0] not in _COMPUTING:
            return {}
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if any(GPU in worker["resources"] for worker in workers):
            return {GPU: 1}
        if most := max((worker["resources"].get(MEMORY, 0) for worker in workers), default=0):
            return {MEMORY: min(self._memory(name), most)}  # an estimate keeps no stage from the largest worker
        return {}

    def _is_shared(self, work: StageWork, resources: Mapping[str, float]) -> bool:
        """Whether a stage's clips are dealt over all workers, so that it is not what all wait for in the end.

        Clips are dealt to any worker, so not those of what takes a card.
        """
        kind = work.name.partition("@")[0]
        return self._workers() > 1 and GPU not in resources and work.files >= _MANY and kind in _BY_CLIP

    def _take_what_ended(self) -> None:
        """Record the stages that ended, if any did within a tick."""
        with suppress(Empty):
            self._end(*self._ended.get(timeout=_TICK))
            while True:
                self._end(*self._ended.get_nowait())
        self._tell()

    def _end(self, name: str, future: "Future[Any]") -> None:
        work, _ = self._running.pop(name)
        try:
            ended: Ended = future.result()
            reason = "" if ended.code == 0 else _reason(work.log, ended.code)
        except Exception as error:  # of Dask: the worker died too often, or is gone
            ended, reason = Ended(1, 0.0), f"its worker failed: {shorten(error, 150)}"
        stopped = bool(self._signals and reason)
        try:
            self._recorder.end(name, well=not reason)
        except PvdbenchError as error:
            reason = reason or _without(name, error)
        if stopped:
            self._outcome.left.append(name)
            self._view.ended(name, "stopped")
        elif reason:
            self._fail(name, reason)
        else:
            self._outcome.ran[name] = ended
            self._times.add(name, ended.seconds)
            self._view.ended(name, f"{ended.seconds:.1f} s")

    def _fail(self, name: str, reason: str) -> None:
        self._outcome.failed[name] = reason
        self._view.ended(name, f"failed: {reason}")

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        left = {name: self._seconds[name] for name in self._waiting}
        gone = {name: now - began for name, (_, began) in self._running.items()}
        left |= {name: max(0.0, self._seconds[name] - seconds) for name, seconds in gone.items()}
        chains = {name: self._chains[name] - gone.get(name, 0.0) for name in left}
        total = len(self._graph.stages)
        self._view.look(total - len(left), total, self._times.left(chains, left, self._workers()))

    def _workers(self) -> int:
        """Count the workers; none where their scheduler is gone, of which each running stage says so."""
        if self._client is not None:
            with suppress(OSError, TimeoutError, RuntimeError):
                return len(self._client.nthreads())  # type: ignore[no-untyped-call]
        return 0

    def _pass_signals_on(self) -> None:
        """Have running stages end after their batch at the first Ctrl-C, and at once at the second."""
        if self._signals == self._told:
            return
        self._told, self._outcome.stopped = self._signals, True
        if self._client is not None and self._running:
            number = signal.SIGTERM if self._signals == 1 else signal.SIGKILL
            with suppress(Exception):  # a worker may have gone meanwhile
                self._client.run(stop_stages, self._recorder.run, number)

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        def count(*_: Any) -> None:
            self._signals += 1

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            if before[number] != signal.SIG_IGN:  # as under nohup
                signal.signal(number, count)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _without(name: str, error: PvdbenchError) -> str:
    """What an error says beside the stage's name, which stands before it already."""
    return str(error).removeprefix(f"{name}: ")


def _reason(log: Path, code: int) -> str:
    """What a stage that failed said last."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n").split("\n")
    except OSError:
        lines = []
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
    ended = f"exit code {code}" if code > 0 else signal.Signals(-code).name
    return f"{shorten(said.removeprefix('pvdbench: '), 220)} ({ended})"
