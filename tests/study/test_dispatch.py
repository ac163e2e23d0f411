"""Stages handed to Dask's workers: order, failures, signals, and what is recorded, with stages that sleep."""

import os
import signal
import threading
import time

import pytest
from sleeping_stages import Silent, SleepingRecorder, graph, layered, no_memory, sleep

from pvdbench.core.errors import StudyError
from pvdbench.study.dispatch import Dispatch
from pvdbench.study.stage_times import StageTimes
from pvdbench.study.stage_work import Ended


@pytest.fixture(scope="module")
def client():
    """Two workers that are threads of this process: what they run can be replaced here."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def dispatched(client, monkeypatch, tmp_path):
    monkeypatch.setattr("pvdbench.study.dispatch.run_stage", sleep)
    asked = []

    def run(needs, recorder, names="run", memory=no_memory):
        recorder.run = f"{names}-{time.time_ns()}"

        def connect():
            asked.append(True)
            return client

        view = Silent()
        outcome = Dispatch(graph(needs), recorder, connect, memory, StageTimes(tmp_path / "seconds.json"), view).run()
        return outcome, view, asked

    return run


def test_each_stage_begins_after_what_it_needs_was_recorded(dispatched):
    needs = layered(40)
    recorder = SleepingRecorder(dict.fromkeys(needs, 0.002))
    outcome, _, _ = dispatched(needs, recorder)
    assert set(outcome.ran) == set(needs)
    assert not outcome.failed and not outcome.left
    for place, (what, name) in enumerate(recorder.told):
        if what == "begin":
            assert {("well", needed) for needed in needs[name]} <= set(recorder.told[:place])


def test_independent_stages_run_side_by_side(dispatched):
    needs = {name: set() for name in "abcd"}
    recorder = SleepingRecorder(dict.fromkeys(needs, 0.3))
    dispatched(needs, recorder)
    assert [what for what, _ in recorder.told[:2]] == ["begin", "begin"]


def test_a_failed_stage_stops_only_what_needs_it(dispatched):
    needs = {"a": set(), "b": {"a"}, "c": {"b"}, "d": set(), "e": {"d"}}
    recorder = SleepingRecorder({"a": "fails", "b": 0, "c": 0, "d": 0, "e": 0})
    outcome, view, _ = dispatched(needs, recorder)
    assert set(outcome.ran) == {"d", "e"}
    assert set(outcome.failed) == {"a"}
    assert set(outcome.left) == {"b", "c"}
    assert ("not well", "a") in recorder.told and ("well", "a") not in recorder.told
    assert "exit code 3" in view.said["a"]


def test_a_stage_whose_outputs_are_not_there_failed(dispatched):
    recorder = SleepingRecorder({"a": 0, "b": 0}, refused={"a"})
    outcome, _, _ = dispatched({"a": set(), "b": {"a"}}, recorder)
    assert "output is not there" in outcome.failed["a"]
    assert outcome.left == ["b"] and not outcome.ran


def test_nothing_to_do_needs_no_workers(dispatched):
    needs = layered(20)
    outcome, _, asked = dispatched(needs, SleepingRecorder({}, current=needs))
    assert set(outcome.current) == set(needs)
    assert not asked


def test_the_longest_chain_begins_first(dispatched, tmp_path):
    needs = {"short": set(), "long": set(), "after": {"long"}, "last": {"after"}}
    recorder = SleepingRecorder(dict.fromkeys(needs, 0.01))
    dispatched(needs, recorder)
    assert recorder.told[0] == ("begin", "long")


def test_a_signal_ends_the_run_and_what_did_not_run_is_named(dispatched):
    needs = {"a": set(), **{f"b{i}": {"a"} for i in range(5)}}
    recorder = SleepingRecorder(dict.fromkeys(needs, 0.5))
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    before = signal.getsignal(signal.SIGTERM)
    outcome, _, _ = dispatched(needs, recorder)
    assert outcome.stopped
    assert set(outcome.ran) == {"a"}  # it ended well, so it is kept
    assert set(outcome.left) == set(needs) - {"a"}
    assert signal.getsignal(signal.SIGTERM) == before


def test_without_workers_the_run_ends_and_no_stage_failed(tmp_path):
    def connect():
        raise StudyError("no scheduler answers")

    recorder = SleepingRecorder({"a": 0, "b": 0})
    times = StageTimes(tmp_path / "x.json")
    run = Dispatch(graph({"a": set(), "b": set()}), recorder, connect, no_memory, times, Silent())
    with pytest.raises(StudyError, match="no scheduler answers"):
        run.run()
    assert [what for what, _ in recorder.told] == ["begin"]


def test_a_stage_of_many_files_deals_its_clips(dispatched):
    names = ("score-deblur@su-a", "train-deblur@a", "tables")
    recorder = SleepingRecorder(dict.fromkeys(names, 0), files=13416)
    seen = dispatched({name: set() for name in names}, recorder)[1].works
    assert [name for name in names if seen[name].shared] == ["score-deblur@su-a"]
    assert seen["score-deblur@su-a"].environment["PVDBENCH_JOBS"].startswith("inproc://")
    assert "PVDBENCH_JOBS" not in seen["tables"].environment


def test_a_task_that_raises_fails_its_stage_alone(dispatched, monkeypatch):
    def broken(work):
        if work.name == "a":
            raise OSError("no such disk")
        return sleep(work)

    monkeypatch.setattr("pvdbench.study.dispatch.run_stage", broken)
    outcome, _, _ = dispatched({"a": set(), "b": set()}, SleepingRecorder({"a": 0, "b": 0}))
    assert "no such disk" in outcome.failed["a"]
    assert set(outcome.ran) == {"b"}


def test_a_stage_runs_where_there_is_memory_enough_for_it(monkeypatch, tmp_path):
    """An estimate above what any worker has keeps no stage from the largest one."""
    from distributed import Client, Scheduler, SpecCluster, Worker, get_worker

    def where(work):
        return Ended(0, 0.0, str(get_worker().name))

    monkeypatch.setattr("pvdbench.study.dispatch.run_stage", where)
    workers = {
        name: {"cls": Worker, "options": {"nthreads": 1, "resources": {"memory": offered}, "dashboard": False}}
        for name, offered in (("small", 1e9), ("large", 8e9))
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "protocol": "inproc://"}}
    needed = {f"deblur@large-{i}": 4e9 for i in range(4)} | {f"deblur@larger-{i}": 4e13 for i in range(4)}
    needed |= {f"deblur@any-{i}": 0.0 for i in range(4)}
    recorder = SleepingRecorder(dict.fromkeys([*needed, "tables"], 0))
    recorder.run = f"memory-{time.time_ns()}"
    with (
        SpecCluster(workers=workers, scheduler=scheduler, silence_logs=False) as cluster,
        Client(cluster) as client,
    ):
        needs = {name: set() for name in recorder.seconds}
        times = StageTimes(tmp_path / "seconds.json")
        outcome = Dispatch(graph(needs), recorder, lambda: client, needed.__getitem__, times, Silent()).run()
    assert set(outcome.ran) == {*needed, "tables"}, outcome.failed
    assert {outcome.ran[name].worker for name in needed if "larg" in name} == {"large"}
