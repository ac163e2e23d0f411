"""A copy of the study in which some stages are to run, the driver in it, and the judgement of what a fault did."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from faults.ledger import Outcome, message_faults
from faults.processes import Command, left_behind
from faults.world import DRIVER, Finished, difference, environment, locked, results

_TRACER = '''
"""Write down each command of pvdbench that begins."""
import os, sys

words = next((sys.orig_argv[i + 1 :] for i, word in enumerate(sys.orig_argv) if word.endswith("pvdbench")), [])
if words and words[0] != "study":
    log = os.open(os.environ["FAULTS_BEGUN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, (" ".join(words) + "\\n").encode())
    os.close(log)
'''


@dataclass
class Scenario:
    """One copy, its driver's environment, and what was said.

    Attributes:
        finished: the study that it is a copy of.
        folder: a new folder for all of it.
        stages: those that have not run in it.
        more: environment variables.
        disk: a folder of its own for the copy and its temporary files, below which nothing of the harness lies.
        prefix: what every command line begins with, such as another user's.
    """

    finished: Finished
    folder: Path
    stages: tuple
    more: dict = field(default_factory=dict)
    disk: Path | None = None
    prefix: tuple = ()

    def __post_init__(self):
        self.root = self.finished.copied((self.disk or self.folder) / "pvdbench", without=self.stages)
        (self.folder / "tracer").mkdir()
        (self.folder / "tracer" / "sitecustomize.py").write_text(_TRACER)
        self._expected, self._started = results(self.finished.root), 0

    def start(self, words=DRIVER, **more):
        """Start the driver, or another command in its place."""
        self._started += 1
        surroundings = environment(self.root, FAULTS_BEGUN=str(self._begun(self._started)), **self.more, **more)
        surroundings["PYTHONPATH"] += f":{self.folder / 'tracer'}"
        return Command.start((*self.prefix, *words), self.root, surroundings, self.folder / f"said{self._started}")

    def begun(self, turn):
        """The commands of stages that the driver's nth start began."""
        path = self._begun(turn)
        return path.read_text().splitlines() if path.exists() else []

    def _begun(self, turn):
        return self.folder / f"begun{turn}"

    def judge(self, outcome: Outcome, first: Command | None = None):
        """Run the driver again, nothing but that, and judge all that is there then.

        Args:
            first: the command that the fault hit, which has ended.
        """
        if first is not None:
            outcome.refuse(message_faults(first.said.read_text(errors="replace")), "the driver said {}")
            outcome.refuse([process.words[:120] for process in left_behind(first.mark)], "processes are left: {}")
        before, turn = locked(self.root), self._started
        again = self.start()
        code = again.end()
        said = again.said.read_text(errors="replace")
        outcome.human = code != 0
        outcome.refuse(code != 0 and _end(said), f"the same command ended with {code}: {{}}")
        outcome.refuse(message_faults(said), "again, the driver said {}")
        outcome.refuse([process.words[:120] for process in left_behind(again.mark)], "afterwards processes are left: {}")
        self._compare(outcome, self.begun(turn), self.begun(turn + 1), before)
        return outcome

    def _compare(self, outcome, first, second, before):
        done = {self.finished.stages[name]["cmd"].removeprefix("pvdbench ") for name in before if name in self.finished.stages}
        outcome.repeated = len({*first} & {*second})
        outcome.lost = len({*second} & done)
        changed = difference(_without_lock(results(self.root)), _without_lock(self._expected))
        outcome.refuse(changed, "a result: {}")
        outcome.refuse(_lock_difference(locked(self.root), self.finished.stages), "dvc.lock: {}")
        outcome.lost += bool(changed)
        left = [path.name for path in (self.root.parent / "t").iterdir() if not path.name.startswith("torchinductor")]
        outcome.refuse(left[:3], "temporary files are left: {}")


def _lock_difference(found, expected):
    """How dvc.lock differs; stages may come in another order, as those that ran side by side do."""
    return next((f"{name} differs" for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)), "")


def _without_lock(found):
    return {name: value for name, value in found.items() if not name.endswith("dvc.lock")}


def _end(said):
    return re.sub(r"\s+", " ", said[-400:])
