"""A share of a row's clips: a method in a process of its own runs over them, and each clip is kept when it is whole."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pvdbench.core.errors import MethodError, PvdbenchError, WeightsError
from pvdbench.core.notice import notice
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.inference.cost import WARM_UP
from pvdbench.inference.finished import FinishedClips
from pvdbench.inference.handed import Contents, hand_out, hand_out_weights
from pvdbench.inference.method_run import MethodRun, run_method
from pvdbench.inference.results import Attention, Results
from pvdbench.inference.row_place import place_of_row
from pvdbench.inference.row_run import RowRun
from pvdbench.methods.card import MethodCard
from pvdbench.methods.isolation import KilledError, run_isolated
from pvdbench.methods.surroundings import own_folder

_SLACK = 60.0  # seconds beyond a program's own limit
_LOG = "program.log"


@dataclass(frozen=True)
class Share:
    """Clips of a row that one process runs, one after the other; all of them, or some.

    Attributes:
        clips: all of the row, in order.
        numbers: of the clips of this share, ascending.
        truth: whether the row is an upper bound, which sees the sharp frames.
        weights: name to file.
        data: the content of the data set, as it was before.
        finished: where clips go.
    """

    run: RowRun
    card: MethodCard
    clips: Sequence[ClipFiles]
    numbers: tuple[int, ...]
    truth: bool
    weights: Mapping[str, Path]
    data: Contents
    finished: FinishedClips


@dataclass(frozen=True)
class Fault:
    """What went wrong with a share, and on which clip of the row."""

    number: int
    error: PvdbenchError

    @property
    def is_the_method_s(self) -> bool:
        """Whether it skips the row, and does not stop the stage."""
        return isinstance(self.error, MethodError | WeightsError)


class _UnwantedError(Exception):
    """Another process found that the method fails on a clip before."""


def run_share(share: Share, wrote: Callable[[], object]) -> Fault | None:
    """Run a method over the clips of a share that are not finished yet.

    Where a signal ended its process, it is run once more: that may have come from outside, and a crash comes again.

    Args:
        wrote: called after each frame.

    Returns: what went wrong, if anything did.
    """
    fault, printed = _attempt(share, wrote)
    if fault is not None and isinstance(fault.error, KilledError):
        notice(f"{share.run.row}: {fault.error}; it is run once more")
        fault, printed = _attempt(share, wrote)
    if fault is not None and fault.is_the_method_s:
        share.finished.fail(fault.number, printed)
    return fault


def _attempt(share: Share, wrote: Callable[[], object]) -> tuple[Fault | None, bytes]:
    """Run what is not finished; return what went wrong, and what the method's program printed over that clip."""
    todo = tuple(number for number in share.numbers if number not in share.finished)
    if not todo:
        return None, b""
    attention = _Attention(replace(share, numbers=todo), wrote)
    try:
        _run(attention.share, attention)
    except _UnwantedError:
        return None, b""
    except PvdbenchError as error:
        return Fault(attention.number, error), attention.printed
    return None, b""


class _Attention(Attention):
    """Knows which clip a share has come to, and what the method's program has printed over it."""

    def __init__(self, share: Share, wrote: Callable[[], object]) -> None:
        self.share, self.number, self.printed = share, share.numbers[0], b""
        self._tell, self._log, self._read = wrote, Path(), 0

    def began(self, number: int) -> None:
        if not self.share.finished.is_wanted(number):
            raise _UnwantedError

    def wrote(self) -> None:
        self._tell()

    def ends(self, number: int) -> bytes:
        self.share.data.require_same(self.share.run.row, self.share.clips[number])
        self._log_since()
        printed, self.printed = self.printed, b""
        self.number = next((later for later in self.share.numbers if later > number), number)
        return printed

    @contextmanager
    def reading(self, log: Path) -> Iterator[None]:
        """Within the block, a program prints to log; what it printed last is read at the end."""
        self._log = log
        try:
            yield
        finally:
            self._log_since()

    def _log_since(self) -> None:
        """Read what was printed since the clip before ended."""
        if self._log.is_file():
            with self._log.open("rb") as log:
                log.seek(self._read)
                self.printed = log.read()
            self._read += len(self.printed)


def _run(share: Share, attention: _Attention) -> None:
    """Hand out copies, run the method on them, and keep its frames and what they cost."""
    run, card, clips = share.run, share.card, {number: share.clips[number] for number in share.numbers}
    with own_folder() as folder:
        start = {0: replace(share.clips[0], frames=share.clips[0].frames[:WARM_UP])}
        handed = hand_out(start | clips, folder, truth=share.truth)
        weights = hand_out_weights(share.weights, run.methods / run.method, folder)
        work = MethodRun(
            run.task, run.row, run.methods.absolute(), run.method, weights,
            card.options if run.options is None else run.options, tuple(handed[number] for number in clips),
            handed[0][:WARM_UP], folder / _LOG, run.threads, share.truth,
        )  # fmt: skip
        results = Results(run.task, run.row, clips, share.finished, run.threads, attention)
        try:
            with attention.reading(folder / _LOG):
                place = place_of_row(
                    run.dataset, share.clips, run.out, run.methods, folder,
                    sandbox=run.sandbox and card.kind != "folder",  # frames that are there run no code
                )  # fmt: skip
                patience = _patience(card, share.clips)
                run_isolated(partial(run_method, work), seconds=patience, place=place, take=results.take)
                results.finish()
        except PvdbenchError as error:
            originals = {weights[name]: path for name, path in share.weights.items()}
            raise _renamed(error, originals, folder, run) from error
        finally:
            results.close()


def _renamed(error: PvdbenchError, originals: Mapping[Path, Path], folder: Path, run: RowRun) -> PvdbenchError:
    """Name the user's files where a message names their copies, whose folder has another name each time."""
    said = Exception.__str__(error)
    for copy, original in (*originals.items(), (folder / _LOG, run.log)):
        said = said.replace(str(copy.relative_to(folder) if copy.is_relative_to(folder) else copy), str(original))
    return type(error)(said)


def _patience(card: MethodCard, clips: Sequence[ClipFiles]) -> float:
    """Count the seconds until silence means a hang; a program gives its frames a clip at a time."""
    if card.kind != "command":
        return card.seconds_a_frame
    return card.seconds_a_frame * max(len(clip.frames) for clip in clips) + _SLACK


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit within the block, so that the method's process ends with this one."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
