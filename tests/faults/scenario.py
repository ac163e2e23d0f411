"""A copy of the study in which some stages are to run, the driver in it, and the judgement of what a fault did."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from faults.ledger import Outcome, message_faults
from faults.processes import Command, left_behind
from faults.world import DRIVER, Finished, difference, environment, left_in, locked, results


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
        self._expected, self._started = results(self.finished.root), 0

    def start(self, words=DRIVER):
        """Start the driver, or another command in its place."""
        self._started += 1
        surroundings = environment(self.root, **self.more)
        return Command.start((*self.prefix, *words), self.root, surroundings, self.folder / f"said{self._started}")

    def begun(self, turn):
        """The stages that the driver's nth start began, as it says in a line for each."""
        path = self.folder / f"said{turn}"
        return set(re.findall(r"(?m)^(\S+): begins", path.read_text())) if path.exists() else set()

    def judge(self, outcome: Outcome, first: Command | None = None):
        """Run the driver again, nothing but that, and judge all that is there then.

        Args:
            first: the command that the fault hit, which has ended.
        """
        if first is not None:
            outcome.refuse(message_faults(first.said.read_text(errors="replace")), "the driver said {}")
            outcome.refuse([*map(str, left_behind(first.mark))], "processes are left: {}")
        before, turn = locked(self.root), self._started
        again = self.start()
        code = again.end()
        said = again.said.read_text(errors="replace")
        outcome.human = code != 0
        outcome.refuse(code != 0 and _end(said), f"the same command ended with {code}: {{}}")
        outcome.refuse(message_faults(said), "again, the driver said {}")
        outcome.refuse([*map(str, left_behind(again.mark))], "afterwards processes are left: {}")
        self._compare(outcome, self.begun(turn), self.begun(turn + 1), before)
        return outcome

    def _compare(self, outcome, first, second, before):
        outcome.repeated, outcome.lost = len(first & second), len(second & {*before})
        changed = difference(_without_lock(results(self.root)), _without_lock(self._expected))
        outcome.refuse(changed, "a result: {}")
        outcome.refuse(_lock_difference(locked(self.root), self.finished.stages), "dvc.lock: {}")
        outcome.lost += bool(changed)
        outcome.refuse(left_in(self.root.parent / "t")[:3], "temporary files are left: {}")


def _lock_difference(found, expected):
    """How dvc.lock differs; stages may come in another order, as those that ran side by side do."""
    differing = (name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name))
    return next((f"{name} differs" for name in differing), "")


def _without_lock(found):
    return {name: value for name, value in found.items() if not name.endswith("dvc.lock")}


def _end(said):
    return re.sub(r"\s+", " ", said[-400:])
