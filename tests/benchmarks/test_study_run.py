"""What `study run` adds to the stages themselves: 10,000 that sleep, and the paper's graph on eight workers.

`make bench` prints overhead and speed-up; `make test` runs both once, small, and times nothing.
"""

import json
import math
import time
from pathlib import Path

import pytest
from sleeping_stages import Silent, SleepingRecorder, graph, layered, no_memory, sleep

from pvdbench.study.dispatch import Dispatch
from pvdbench.study.dvc import stage_names
from pvdbench.study.graph import read_graph
from pvdbench.study.machine_rates import assumed_rates
from pvdbench.study.stage_cost import StageCosts
from pvdbench.study.stage_times import StageTimes
from pvdbench.study.study import load_study

RATES = assumed_rates(20e12)  # operations per second, as `study plan` assumes of a card
SCORING = 15.0  # core-hours of the paper's study, as measured per frame on 1280x720 frames, over its score stages
OTHER = 0.05  # hours of a stage of which nothing is known
WHOLE = 60.0  # seconds that the longest chain sleeps


@pytest.fixture
def run(monkeypatch, tmp_path):
    from distributed import Client, LocalCluster

    monkeypatch.setattr("pvdbench.study.dispatch.run_stage", sleep)

    def run(needs, seconds, workers, known=None):
        with (
            LocalCluster(n_workers=1, threads_per_worker=workers, processes=False, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            (tmp_path / "seconds.json").write_text(json.dumps(known or {}))
            recorder, times = SleepingRecorder(seconds), StageTimes(tmp_path / "seconds.json")
            start = time.perf_counter()
            outcome = Dispatch(graph(needs), recorder, lambda: client, no_memory, times, Silent()).run()
            taken = time.perf_counter() - start
        assert set(outcome.ran) == set(needs)
        return taken

    return run


def test_overhead_of_a_stage(benchmark, run, request):
    """Under 5 ms each is asked for; the baseline are the same sleeps one after the other."""
    enabled = request.config.getoption("benchmark_enable")
    count = 10_000 if enabled else 30
    needs = {f"stage-{i}": set() for i in range(count)}
    taken = benchmark.pedantic(run, (needs, dict.fromkeys(needs, 0.001), 1), rounds=1)
    start = time.perf_counter()
    for _ in range(count):
        time.sleep(0.001)
    slept = time.perf_counter() - start
    print(f"\n{count} stages that sleep 1 ms: {taken:.1f} s, of which {slept:.1f} s asleep: "
          f"{(taken - slept) / count * 1000:.2f} ms of overhead each")  # fmt: skip


@pytest.mark.parametrize("without", [(), ("train-deblur@edvr",)], ids=["all", "without-edvr"])
def test_the_papers_graph_on_eight_workers(benchmark, run, request, without):
    """6.5 times one worker's time is asked for; no number of workers is faster than the longest chain."""
    if request.config.getoption("benchmark_enable"):
        needs, hours = _papers_graph(without)
        scale = WHOLE / max(graph(needs).longest(hours).values())
    else:
        needs = layered(12)
        hours, scale = dict.fromkeys(needs, 1.0), 0.002
    seconds = {name: hours[name] * scale for name in needs}
    longest = graph(needs).longest(seconds)
    taken = benchmark.pedantic(run, (needs, seconds, 8, seconds), rounds=1)
    total, chain = sum(seconds.values()), max(longest.values())
    print(f"\n{len(needs)} stages, {total / scale:.0f} h one after the other, longest chain {chain / scale:.0f} h: "
          f"{total / taken:.2f} times as fast on 8 workers, at most {min(8, total / chain):.2f}")  # fmt: skip
    name = max(longest, key=longest.__getitem__)
    while not math.isclose(longest[name], seconds[name]):
        print(f"  {name}: {hours[name]:.1f} h")
        name = max((later for later in needs if name in needs[later]), key=longest.__getitem__)
    print(f"  {name}: {hours[name]:.1f} h")


def _papers_graph(without):
    """The paper's stages with what each needs, and their hours, counted by `study plan`."""
    study = load_study(Path(__file__).parents[2] / "studies" / "paper")
    found, costs = read_graph(study.folder), StageCosts(study, RATES)
    own = {name: costs.stage(name, done=False).hours for name in stage_names(study.folder)}
    scored = [name for name in own if name.startswith(("score-", "truth"))]
    own |= dict.fromkeys(scored, SCORING / len(scored))
    hours = {name: own.get(name) or OTHER for name in found.stages}
    return found.needs, hours | dict.fromkeys(without, OTHER)
