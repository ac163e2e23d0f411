"""A study of stages that sleep, for the tests and the benchmark of what hands stages to workers; no DVC is asked."""

import contextlib
import random
import time
from pathlib import Path

from pvdbench.study.graph import Graph
from pvdbench.study.stage_work import Ended, StageWork


def graph(needs):
    """Stages by name, each after what it needs."""
    return Graph(Path(), None, dict.fromkeys(needs), {name: frozenset(needed) for name, needed in needs.items()})


class SleepingRecorder:
    """In DVC's place: every stage has to run but those that are current, and what happened is kept in order."""

    run = "sleeping"

    def __init__(self, seconds, *, current=(), refused=(), files=0):
        self.seconds, self.current, self.refused = seconds, set(current), set(refused)
        self.files = files
        self.told = []

    def locked(self):
        return contextlib.nullcontext()

    def settle(self, name):
        return "current" if name in self.current else "changed"

    def begin(self, name):
        self.told.append(("begin", name))
        return StageWork(self.run, name, (str(self.seconds[name]),), Path(), {}, Path("/nowhere"), self.files)

    def end(self, name, *, well):
        self.told.append(("well" if well else "not well", name))
        if name in self.refused:
            from pvdbench.core.errors import StudyError

            raise StudyError(f"{name}: DVC: output is not there")

    def write(self, *, now=False):
        pass


class Silent:
    """Sees everything and says nothing."""

    def __init__(self):
        self.said, self.works = {}, {}

    def began(self, work):
        self.works[work.name] = work

    def ended(self, name, how):
        self.said[name] = how

    def look(self, done, total, seconds_left):
        pass


def no_memory(name):
    """Of no stage is known what memory it needs."""
    return 0.0


def sleep(work):
    """In run_stage's place: a stage whose command is a number of seconds; a word in its place fails."""
    try:
        time.sleep(float(work.commands[0]))
    except ValueError:
        return Ended(3, 0.0)
    return Ended(0, float(work.commands[0]))


def layered(stages, seed=0):
    """A graph of so many stages, each of which needs up to three of those before it."""
    rng = random.Random(seed)
    names = [f"stage-{i:03d}" for i in range(stages)]
    return {name: set(rng.sample(names[:i], min(i, rng.randrange(4)))) for i, name in enumerate(names)}
