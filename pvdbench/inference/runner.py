"""Run one row: a method in a process of its own, which fails, hangs or dies and leaves a reason in place of frames.

The method sees copies of the blurry frames; the data set, the results and what it cost are read and written here.
"""

import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pvdbench.core.errors import MethodError, PvdbenchError, WeightsError, WriteError, shorten
from pvdbench.core.notice import notice
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.inference.handed import (
    Contents,
    hand_out,
    hand_out_weights,
    kept_files,
    require_readable,
    require_sound,
)
from pvdbench.inference.method_run import MethodRun, run_method
from pvdbench.inference.results import Results
from pvdbench.inference.row_place import place_of_row
from pvdbench.inference.truth import refuse_truth, sees_truth
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.cost import Complexity, write_complexity, write_cost
from pvdbench.io.frame_folders import write_failure
from pvdbench.io.lock import one_command_at_a_time
from pvdbench.methods.card import MethodCard, Task, read_card
from pvdbench.methods.isolation import run_isolated
from pvdbench.methods.loading import find_weights
from pvdbench.methods.sandbox import require_bubblewrap
from pvdbench.methods.surroundings import own_folder

_SLACK = 60.0  # seconds beyond a program's own limit
_LOG = "program.log"


@dataclass(frozen=True)
class RowRun:
    """One row over one data set, and where everything lies.

    Attributes:
        stage: for the cost file.
        row: its name in params.yaml, or the method's where it has no row.
        methods: the folder that holds the method.
        trained: the weights that the row's training wrote.
        dataset: the data set's folder.
        out: the folder for its frames or its flow.
        complexity: the JSON file of parameters and multiply-adds, a result.
        cost: the JSON file of what it took on this machine.
        log: where a program's output is kept, when the row ends.
        threads: on the CPU.
        given: weights in place of those that the card names.
        options: of the method, in place of the card's.
        sandbox: whether its process is put into a namespace, by bubblewrap.
        bound: whether the study's tables mark the row as an upper bound; None where there are none.
    """

    task: Task
    stage: str
    row: str
    methods: Path
    method: str
    trained: Path | None
    dataset: Path
    out: Path
    complexity: Path
    cost: Path
    log: Path
    threads: int
    given: Path | None = None
    options: Mapping[str, Any] | None = None
    sandbox: bool = False
    bound: bool | None = None


def run_row(run: RowRun) -> str:
    """Run a row; what its method does wrong is recorded in place of its frames.

    While another command runs the same row, this one waits.

    Returns: the reason why it has no frames; empty where it has.
    Raises:
        PvdbenchError: for whatever is no fault of the method: a damaged frame of the data set, damaged weights that
            were trained here, a full disk.
        WeightsError: also if the row's weights see the truth and no table would mark it.
        DataError: also if the data set's files were changed meanwhile, as no later row may be scored on them; where
            it was the method, its reason is recorded, too.
    """
    try:
        card, clips = read_card(run.methods, run.method), read_clips(run.dataset, "test")
        with one_command_at_a_time(run.log.with_name(f"{run.task}-{run.row}.lock"), run.stage):
            return _run_alone(run, card, clips)
    except OSError as error:  # of this process: what the method's own raises comes as a MethodError
        raise WriteError(f"{run.stage}: {shorten(error.filename or 'this machine', 150)}: {error.strerror or error}; "
                         "free space or mend the permissions, then run again") from error  # fmt: skip


def _run_alone(run: RowRun, card: MethodCard, clips: Sequence[ClipFiles]) -> str:
    if run.sandbox and card.kind != "folder":
        require_bubblewrap()
    if run.trained is not None and run.given is None and not run.trained.exists():
        raise WeightsError(f"{run.trained}: these weights are not there; run the stage that trains {run.row}")
    truth = sees_truth(card, run.trained, run.given)
    if truth and run.bound is False:
        raise WeightsError(f"{run.given or run.trained}: these weights see the truth (volume: ideal), and params.yaml "
                           f"does not say so of {run.row}, so that no table would mark it; write network: {{volume: "
                           "ideal}, or make its weights again")  # fmt: skip
    before, kept, fault = Contents(run.dataset, clips), kept_files(run.methods / run.method), None
    try:
        with _exit_on_sigterm():
            _run(run, card, clips, truth)
        _look_for_what_it_kept(run, kept, truth=truth)
    except PvdbenchError as error:
        fault = error
    _require_untouched(run, before)
    if fault is None:
        return ""
    if not isinstance(fault, MethodError | WeightsError):
        raise fault
    require_readable(clips)
    require_sound(run.methods / run.method, card, filter(None, (run.trained, run.given)))
    _record_failure(run, str(fault))
    return str(fault)


def _look_for_what_it_kept(run: RowRun, before: Mapping[Path, tuple[int, ...]], *, truth: bool) -> None:
    """Refuse the truth in the method's folder, where a later row would find it; say so of anything else."""
    after = kept_files(run.methods / run.method)
    changed = next((path for path in sorted({*before, *after}) if before.get(path) != after.get(path)), None)
    if changed is not None:
        said = f"{run.row}: {changed} of the method's own folder was changed while it ran, where a later row finds it"
        if truth:
            shutil.rmtree(run.out, ignore_errors=True)
            raise MethodError(f"{said}, and this row sees the truth; remove it, and have the method write to its "
                              "working folder")  # fmt: skip
        notice(f"{said}; have the method write to its working folder")


def _require_untouched(run: RowRun, before: Contents) -> None:
    try:
        before.require_same(run.row)
    except PvdbenchError as error:
        _record_failure(run, str(error))
        raise


def _run(run: RowRun, card: MethodCard, clips: Sequence[ClipFiles], truth: bool) -> None:
    """Hand out copies, run the method on them, and write its frames and what it cost."""
    if card.kind == "folder":
        refuse_truth(run.methods, run.method, clips, truth=truth)
    weights = find_weights(run.methods, run.method, trained=run.trained, given=run.given)
    with own_folder() as folder, replaced_folder(run.out) as out:
        handed = hand_out(clips, folder, truth=truth)
        own_weights = hand_out_weights(weights, run.methods / run.method, folder)
        work = MethodRun(
            run.task, run.stage, run.row, run.methods.absolute(), run.method, own_weights,
            card.options if run.options is None else run.options, tuple(handed), folder / _LOG, run.threads, truth,
        )  # fmt: skip
        results = Results(run.task, run.row, clips, out, run.threads, truth=truth)
        try:
            place = place_of_row(
                run.dataset, clips, run.out, run.methods, folder, sandbox=run.sandbox and card.kind != "folder"
            )  # frames that are there run no code
            patience = _patience(card, clips)
            cost = run_isolated(partial(run_method, work), seconds=patience, place=place, take=results.take)
            results.finish()
        except PvdbenchError as error:
            raise _renamed(error, {own_weights[name]: path for name, path in weights.items()}, folder, run) from error
        finally:
            results.close()
            _keep_log(run, folder / _LOG)
    write_cost(run.cost, cost["timing"])
    write_complexity(run.complexity, Complexity(**cost["complexity"]))


def _renamed(error: PvdbenchError, originals: Mapping[Path, Path], folder: Path, run: RowRun) -> PvdbenchError:
    """Name the user's files where a message names their copies, whose folder has another name each time."""
    said = Exception.__str__(error)
    for copy, original in (*originals.items(), (folder / _LOG, run.log)):
        said = said.replace(str(copy.relative_to(folder) if copy.is_relative_to(folder) else copy), str(original))
    return type(error)(said)


def _keep_log(run: RowRun, log: Path) -> None:
    if log.is_file():
        run.log.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, run.log)


def _record_failure(run: RowRun, reason: str) -> None:
    run.cost.unlink(missing_ok=True)
    write_complexity(run.complexity, Complexity({}))
    with replaced_folder(run.out) as folder:
        write_failure(folder, reason)


def _patience(card: MethodCard, clips: Sequence[ClipFiles]) -> float:
    """Count the seconds until silence means a hang; a program gives its frames a clip at a time."""
    if card.kind != "command":
        return card.seconds_a_frame
    return card.seconds_a_frame * max(len(clip.frames) for clip in clips) + _SLACK


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit within the block, so that the method's process ends with this one."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
