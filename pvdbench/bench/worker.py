"""A part's own process: it sets the part up, computes it whenever it is told to, and says what that took."""

import json
import os
import resource
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pvdbench.bench.part import NotMeasuredError, Part, Setting, Timed, Work
from pvdbench.core.errors import PvdbenchError

MIB = 2**20


@dataclass(frozen=True)
class Task:
    """What a process is to measure.

    Attributes:
        part: by its name.
        version: the part itself, its definition, or the part with another revision's package.
        size: width and height of the frames, in pixels.
        folder: of its own, empty.
        study: the folder in which the command was started.
    """

    part: str
    version: str
    size: tuple[int, int]
    threads: int
    folder: str
    study: str


def serve(task: str) -> None:
    """Answer each line of stdin by one of stdout: `go` by the milliseconds of a computation, `end` by what it took.

    The first line says that it is ready, or why not. Whatever the part itself prints goes to stderr.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        _serve(Task(**json.loads(task)), answers)
    except PvdbenchError as error:
        _say(answers, not_measured=str(error))


def _serve(task: Task, answers: IO[str]) -> None:
    setting = Setting(*task.size, task.threads, Path(task.folder), Path(task.study), task.version == "another")
    work, on_card = _set_up(task, setting)
    _forget_peak(on_card)
    before = _resident()
    _say(answers, ready=True)
    operations = None
    for line in sys.stdin:
        if line.strip() == "end":
            device = _card() if on_card else "cpu"
            peak = _card_peak() if on_card else (max(_peak() - before, 0) + _childrens_peak()) / MIB
            _say(answers, device=device, peak_mib=peak, moved=work.moved, operations=operations)
            return
        milliseconds, counted = _run(work, count=operations is None)
        operations = counted if operations is None else operations
        _say(answers, milliseconds=milliseconds)


def _set_up(task: Task, setting: Setting) -> tuple[Work, bool]:
    """Set the part up; what another revision lacks is an ImportError, and another interface no error of this one."""
    if setting.another:
        from pvdbench.bench.version_0_1_0 import install

        install()
    try:
        part = _part(task.part)
        if not part.on_card:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        set_up = part.definition if task.version == "definition" else part.work
        assert set_up is not None
        return set_up(setting), part.on_card and setting.device.type == "cuda"
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        if not setting.another:
            raise
        raise NotMeasuredError(f"that revision has no such part, or another interface ({error})") from error


def _part(name: str) -> Part:
    from pvdbench.bench.ceiling import ceiling_parts
    from pvdbench.bench.parts import parts

    known = {part.name: part for part in ceiling_parts()} | dict(parts())
    if name not in known:
        raise NotMeasuredError("that revision has no such part")
    return known[name]


def _run(work: Work, *, count: bool) -> tuple[float, float]:
    """Compute once.

    Returns: its milliseconds and, where it is asked to count, its operations.
    """
    counter: Any = nullcontext()
    if count and work.operations is None:
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
    with counter:
        start = time.perf_counter()
        result = work.call()
        milliseconds = 1000 * (time.perf_counter() - start)
    repetitions = 1
    if isinstance(result, Timed):
        milliseconds, repetitions = result.milliseconds, result.repetitions
    counted = work.operations if work.operations is not None else 0
    if count and work.operations is None:
        counted = counter.get_total_flops() / repetitions
    return milliseconds, counted


def _say(answers: IO[str], **facts: Any) -> None:
    answers.write(json.dumps(facts) + "\n")
    answers.flush()


def _card() -> str:
    import torch

    return torch.cuda.get_device_name()


def _forget_peak(on_card: bool) -> None:
    """Begin to measure the peak anew, where the system can; else it is that since the process began."""
    if on_card:
        import torch

        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _card_peak() -> float:
    import torch

    return torch.cuda.max_memory_allocated() / MIB


def _peak() -> float:
    """The most bytes of this process that were in memory since the peak was forgotten."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _resident() -> float:
    return _status("VmRSS") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(key: str) -> float:
    """Read a number of bytes from /proc; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)


def _childrens_peak() -> float:
    """That of the largest process that the part started and that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0
