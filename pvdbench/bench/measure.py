"""Measure parts side by side with a baseline: a process for each, warm-up, and calls in turn."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from pvdbench.bench.ceiling import Ceiling
from pvdbench.bench.part import NotMeasuredError, Part
from pvdbench.bench.revision import TREE
from pvdbench.bench.worker import Task
from pvdbench.core.errors import PvdbenchError, shorten

_START = Path(__file__).with_name("start.py")
_FEWEST, _MOST = 3, 25  # calls that are timed
_ENOUGH = 3000.0  # milliseconds of timed calls after which no more than the fewest are made


class PartFailedError(PvdbenchError):
    """The process of a part ended."""


@dataclass(frozen=True)
class Measured:
    """What a part took, and its baseline; None where it was not measured.

    Attributes:
        milliseconds, baseline: medians after a warm-up.
        device: "cpu", or the card's name.
        peak_mib: memory above that after the set-up; on a card its own, all of it.
        moved, operations: at least, in bytes and floating-point operations.
        notes: why something was not measured.
    """

    part: Part
    milliseconds: float | None
    baseline: float | None = None
    device: str = ""
    peak_mib: float = 0.0
    moved: float = 0.0
    operations: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measuring:
    """How parts are measured.

    Attributes:
        size: width and height of the frames, in pixels.
        baseline: the tree of another revision's package; None for the definitions.
    """

    size: tuple[int, int]
    threads: int
    study: Path
    baseline: Path | None = None

    def measure(self, part: Part) -> Measured:
        """Measure a part and its baseline in turn.

        Raises:
            PartFailedError: if the process of this version's part ends in an error.
        """
        with ExitStack() as until_the_end:
            try:
                now = until_the_end.enter_context(_process(self._task(part, "part"), TREE))
            except NotMeasuredError as error:
                return Measured(part, None, notes=(str(error),))
            try:
                other = until_the_end.enter_context(self._baseline(part))
            except (NotMeasuredError, PartFailedError) as error:
                return _measured(part, now, None, (f"baseline: {error}",))
            return _measured(part, now, other, ())

    def ceiling(self, parts: Sequence[Part], device: str) -> Ceiling:
        """Measure the ceiling of a device, cpu or cuda, by its two parts."""
        product, copy = (self._alone(part) for part in parts if part.name.endswith(f"-{device}"))
        return Ceiling(product.operations / _seconds(product), copy.moved / _seconds(copy))

    def _alone(self, part: Part) -> Measured:
        with _process(self._task(part, "part"), TREE) as process:
            return _measured(part, process, None, ())

    def _baseline(self, part: Part) -> Any:
        if self.baseline is not None:
            return _process(self._task(part, "another"), self.baseline)
        if part.definition is None:
            raise NotMeasuredError("there is no straightforward version")
        return _process(self._task(part, "definition"), TREE)

    def _task(self, part: Part, version: str) -> Task:
        return Task(part.name, version, self.size, self.threads if part.threaded else 1, "", str(self.study))


def _seconds(measured: Measured) -> float:
    assert measured.milliseconds is not None
    return measured.milliseconds / 1000


class _Process:
    """A part that is set up in a process of its own."""

    def __init__(self, name: str, process: "subprocess.Popen[str]", said: IO[bytes]) -> None:
        self._name, self._process, self._said = name, process, said

    def answer(self, word: str = "") -> dict[str, Any]:
        """Give a line, if there is one, and wait for the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            if word:
                self._process.stdin.write(f"{word}\n")
                self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PartFailedError(f"{self._name}: its process ended ({self._last_line()}); mend that, or leave it out "
                                  "by --only")  # fmt: skip
        facts: dict[str, Any] = json.loads(line)
        if "not_measured" in facts:
            raise NotMeasuredError(facts["not_measured"])
        return facts

    def _last_line(self) -> str:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return shorten(lines[-1], 120) if lines else f"exit status {self._process.returncode}"


@contextmanager
def _process(task: Task, tree: Path) -> Iterator[_Process]:
    """Start a process; when it is yielded, the part is set up."""
    threads = {f"{name}_NUM_THREADS": str(task.threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    with TemporaryDirectory(prefix="pvdbench-") as folder, TemporaryFile() as said:
        words = [sys.executable, str(_START), str(tree), json.dumps(asdict(task) | {"folder": folder})]
        process = subprocess.Popen(
            words, cwd=folder, env=os.environ | threads, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            encoding="utf-8",
        )  # fmt: skip
        try:
            started = _Process(task.part, process, said)
            started.answer()
            yield started
        finally:
            process.kill()
            process.communicate()


def _measured(part: Part, now: _Process, other: _Process | None, notes: tuple[str, ...]) -> Measured:
    """Time both in turn, so that what else the machine does meets both alike."""
    try:
        now.answer("go")
    except NotMeasuredError as error:
        return Measured(part, None, notes=(str(error),))
    if other is not None:
        try:
            other.answer("go")
        except (NotMeasuredError, PartFailedError) as error:
            other, notes = None, (*notes, f"baseline: {error}")
    times: list[float] = []
    others: list[float] = []
    while len(times) < _FEWEST or (len(times) < _MOST and sum(times) + sum(others) < _ENOUGH):
        times.append(now.answer("go")["milliseconds"])
        if other is not None:
            others.append(other.answer("go")["milliseconds"])
    facts = now.answer("end")
    return Measured(part, statistics.median(times), statistics.median(others) if others else None, notes=notes, **facts)
