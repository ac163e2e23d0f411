"""The Nth write, rename, fsync or new file of a stage fails, or its process is killed in the middle of it."""

import re

import pytest
from faults.ledger import Outcome, message_faults
from faults.processes import MARK, left_behind
from faults.shim import WAYS, Shim
from faults.warm import Warm
from faults.world import MOMENTS, STUDY, chosen, difference, environment, left_in, remove, results

SHORT = ("train-motion@static", "score-deblur@smoke-baseline")
REST = (
    "code", "pretrain", "train-motion@bimnet", "train-deblur@baseline", "motion@smoke-static", "deblur@smoke-baseline",
    "truth@smoke", "score-motion@smoke-static", "score-volume@smoke", "tables", "figures", "report",
)  # fmt: skip
_UNLOCKED = "cannot be locked"  # what a command whose lock file cannot be made says before it does without
_FRAMES = (f"{STUDY}/data/motion/", f"{STUDY}/data/deblur/")


@pytest.fixture(scope="module")
def bench(finished, library, tmp_path_factory):
    """A copy of the finished study, and a warm command in it that the shim looks after."""
    folder = tmp_path_factory.mktemp("writes")
    root = finished.copied(folder / "pvdbench")
    shim = Shim(library, folder / "control")
    server = Warm(root, environment(root, **shim.environment, **{MARK: str(folder)}))
    yield Bench(root, finished, shim, server)
    server.close()


class Bench:
    """One command of a stage after the other, in one copy."""

    def __init__(self, root, finished, shim, server):
        self.root, self._finished, self._shim, self._server = root, finished, shim, server
        self._said = root.parent / "said"
        self._expected = results(finished.root)

    def tries(self, stage):
        """The pairs of number and way that this run tries: as many as a third of PVDBENCH_FAULTS, or all there are."""
        self._forget(stage)
        self._shim.arm(self._places())
        assert self.command(stage) == 0, self.said
        every = [(number, way) for number in range(1, self._shim.seen + 1) for way in WAYS]
        some = min(max(1, MOMENTS // 3), len(every))
        return sorted(chosen("writes", stage).sample(every, some))

    def command(self, stage):
        words = self._finished.stages[stage]["cmd"].split()[1:]
        return self._server.run(words, self.root / STUDY, self._said)

    @property
    def said(self):
        return self._said.read_text(errors="replace")

    def fault(self, stage, number, way):
        """Fail one operation, then run the same command again."""
        self._forget(stage)
        self._shim.arm(self._places(), at=number, way=way)
        code = self.command(stage)
        failed = re.sub(r"[^ ]*/pvdbench/|\.[\w-]+\.partial", "", self._shim.failed)
        outcome = Outcome(f"{way} in a write, rename or fsync of a stage", f"{stage}, operation {number} ({failed})")
        lines = [line for line in self.said.splitlines() if line.startswith("pvdbench: ") and _UNLOCKED not in line]
        if way != "SIGKILL":
            outcome.expect(code in (0, 2), f"it ended with {code}: {self.said[-300:]}")
            outcome.expect(code == 0 or len(lines) == 1, f"{len(lines)} messages")
            outcome.refuse(code == 0 and self._changed(stage), "it ended with 0, but {}")
            outcome.refuse(message_faults(self.said))
        outcome.refuse(self._torn(stage), "{}, and should be whole or not at all")
        outcome.refuse(left_behind(str(self.root.parent), {self._server.pid}), "processes are left: {}")
        self._shim.arm()
        again = self.command(stage)
        outcome.human = again != 0
        outcome.expect(again == 0, f"again it ended with {again}: {self.said[-300:]}")
        outcome.refuse(self._changed(stage), "after it {}")
        outcome.refuse(self._temporary(), "{} is left")
        outcome.repeated = 1
        return outcome

    def _places(self):
        return [self.root / STUDY, self.root / "data", self.root.parent / "t"]

    def _forget(self, stage):
        for path in self._finished.outputs(stage):
            remove(self.root / path)

    def _changed(self, stage):
        return difference(self._of(stage, results(self.root)), self._of(stage, self._expected))

    def _torn(self, stage):
        """A file of the stage's outputs that is not whole, or a row's folder of frames that is not."""
        found, expected = self._of(stage, results(self.root)), self._of(stage, self._expected)
        frames = {name: value for name, value in expected.items() if name.startswith(_FRAMES)}
        wanted = {name: expected.get(name) for name in found} | (frames if frames.keys() & found.keys() else {})
        return difference(found, wanted)

    def _of(self, stage, found):
        return {name: value for path in self._finished.outputs(stage) for name, value in _below(path, found).items()}

    def _temporary(self):
        """A file that the finished study has not, in the study or where temporary files go."""
        extra = sorted({*results(self.root)} - {*self._expected})
        return extra[:1] or left_in(self.root.parent / "t")[:1]


def _below(path, found):
    return {name: value for name, value in found.items() if name == path or name.startswith(f"{path}/")}


@pytest.mark.parametrize("stage", [*SHORT, *(REST if MOMENTS else ())])
def test_a_failing_operation_leaves_all_or_nothing_and_the_same_command_goes_on(bench, stage, record_property):
    outcomes = [bench.fault(stage, number, way) for number, way in bench.tries(stage)]
    problems = []
    for outcome in outcomes:
        try:
            outcome.note(record_property)
        except AssertionError as error:
            problems.append(str(error))
    assert not problems, "\n".join(problems)
