"""`pvdbench study run`: a study on all the cores, cards or machines there are, with the bytes of `dvc repro`."""

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from pvdbench.core.errors import PvdbenchError
from pvdbench.io.lock import one_command_at_a_time
from pvdbench.study.dispatch import Dispatch, Outcome, View
from pvdbench.study.graph import Graph, read_graph
from pvdbench.study.lock_copy import restore_locks
from pvdbench.study.machine_rates import assumed_rates
from pvdbench.study.recorder import Recorder, params_read_once
from pvdbench.study.stage_times import stage_times
from pvdbench.study.study import Study
from pvdbench.study.workers import Place, connected


@dataclass(frozen=True)
class Foreseen:
    """What a run would do.

    Attributes:
        stages: all that it would look at, in an order in which each follows what it needs.
        changed: those that would run, as far as is known before any ran.
        perhaps: those that need one of them, and run if it does not make what it made before.
        seconds: of each, as it took here before or those of its kind did; a guess for others.
        known: those whose seconds are no guess.
        chain: the stages of the longest chain, which nothing can make shorter.
    """

    stages: tuple[str, ...]
    changed: Collection[str]
    perhaps: Collection[str]
    seconds: dict[str, float]
    known: Collection[str]
    chain: tuple[str, ...]


def run_study(study: Study, place: Place, only: Iterable[str], view: View) -> Outcome:
    """Run every stage that is not up to date, and record each with DVC.

    Args:
        only: stages to run with what they need; all, if empty.

    Raises:
        StudyError: if DVC cannot read the study, or no worker can be had.
        ParamsError: if the SLURM file is wrong.
    """
    with ExitStack() as until_the_end:
        lock = study.root / ".dvc" / "tmp" / "pvdbench" / "run.lock"
        until_the_end.enter_context(one_command_at_a_time(lock, "study run in this repository"))
        until_the_end.enter_context(params_read_once())
        graph = _graph(study, only)
        recorder = Recorder(graph, study.data("logs", "stages").resolve())
        until_the_end.callback(recorder.close)
        outcome = Dispatch(
            graph, recorder, lambda: until_the_end.enter_context(connected(place)), _memory(study),
            stage_times(study.data()), view
        ).run()  # fmt: skip
        try:
            until_the_end.close()
        except KeyboardInterrupt:  # while workers end, which they do with this process
            outcome.stopped = True
        return outcome


def foresee_run(study: Study, only: Iterable[str]) -> Foreseen:
    """Say what run_study would do; nothing runs and nothing is written but a damaged dvc.lock's copy.

    Raises:
        StudyError: if DVC cannot read the study.
    """
    graph, times = _graph(study, only), stage_times(study.data())
    recorder = Recorder(graph, study.data("logs", "stages"))
    with params_read_once(), recorder.locked():
        changed = {name for name in graph.stages if recorder.changed(name)}
    perhaps = graph.after(changed) - changed
    seconds = times.expected(graph.stages)
    known = {name for name in graph.stages if times.measured(name)}
    to_run = {name: seconds[name] if name in changed | perhaps else 0.0 for name in graph.stages}
    return Foreseen(tuple(graph.stages), changed, perhaps, seconds, known, tuple(_chain(graph, to_run)))


def _graph(study: Study, only: Iterable[str]) -> Graph:
    restore_locks((study.folder, study.root / "data"), study.root / ".dvc" / "tmp")
    return read_graph(study.folder, only)


def _memory(study: Study) -> Callable[[str], float]:
    """Bytes that a stage which computes took here or, where it never ran, that are counted; 0 if it is not known."""

    def memory(name: str) -> float:
        from pvdbench.study.stage_cost import StageCosts  # here, as it imports every network

        try:
            return StageCosts(study, assumed_rates(1.0)).stage(name, done=False).memory
        except PvdbenchError:  # of its method's own code, which the stage itself will tell of
            return 0.0

    return memory


def _chain(graph: Graph, seconds: dict[str, float]) -> Iterable[str]:
    """Follow the longest chain from its first stage to its last."""
    longest = graph.longest(seconds)
    following = set(graph.stages)
    while following:
        name = max(following, key=longest.__getitem__)
        if seconds[name]:
            yield name
        following = {later for later in graph.stages if name in graph.needs[later]}
