"""Run one row: a method in a process of its own, which fails, hangs or dies and leaves a reason in place of frames.

The method sees copies of the blurry frames; the data set, the results and what it cost are read and written here.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pvdbench.core.errors import DataError, MethodError, PvdbenchError, WeightsError, WriteError, shorten
from pvdbench.core.notice import notice
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.inference.cost import row_cost
from pvdbench.inference.dealing import run_clips
from pvdbench.inference.finished import FinishedClip, FinishedClips
from pvdbench.inference.handed import Contents, kept_files, require_readable, require_sound
from pvdbench.inference.row_identity import row_identity
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.share import Share, exit_on_sigterm
from pvdbench.inference.truth import refuse_truth, sees_truth
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.cost import Complexity, write_complexity, write_cost
from pvdbench.io.frame_folders import write_failure
from pvdbench.io.half_done import Files, HalfDone
from pvdbench.io.lock import one_command_at_a_time
from pvdbench.methods.card import MethodCard, read_card
from pvdbench.methods.loading import find_weights
from pvdbench.methods.sandbox import require_bubblewrap

_CLIPS = ".clips"  # beside the results, where nothing is kept of a row that is not whole


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
    truth = sees_truth(card, run.trained, run.given)
    if truth and run.bound is False:
        raise WeightsError(f"{run.given or run.trained}: these weights see the truth (volume: ideal), and params.yaml "
                           f"does not say so of {run.row}, so that no table would mark it; write network: {{volume: "
                           "ideal}, or make its weights again")  # fmt: skip
    before, kept, fault = Contents(run.dataset, clips), kept_files(run.methods / run.method), None
    at_start = kept if run.half is None else HalfDone(run.half).files_at_start(kept, truth=truth)
    try:
        with exit_on_sigterm():
            _run(run, card, clips, truth, before, kept)
        _look_for_what_it_kept(run, at_start, truth=truth)
    except PvdbenchError as error:
        fault = error
    _require_untouched(run, before)
    if fault is None:
        return ""
    if not isinstance(fault, MethodError | WeightsError):
        raise fault
    require_readable(clips)
    wanted = isinstance(fault, WeightsError) and run.given is None  # many methods want none
    if wanted and run.trained is not None and not run.trained.exists():
        raise WeightsError(f"{run.trained}: these weights are not there; run the stage that trains {run.row}")
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


def _run(run: RowRun, card: MethodCard, clips: Sequence[ClipFiles], truth: bool, before: Contents, kept: Files) -> None:
    """Run the method over the clips that are not finished, and write its frames and what it cost."""
    if card.kind == "folder":
        refuse_truth(run.methods, run.method, clips, truth=truth)
    weights = find_weights(run.methods, run.method, trained=run.trained, given=run.given)
    half = None if run.half is None or len(clips) == 1 else HalfDone(run.half)  # of one clip nothing would be left
    with replaced_folder(run.out) as out:
        folder, commands = out / _CLIPS, 1
        if half is not None:
            folder, commands = half.begin(row_identity(run, card, weights, before), kept)
        whole = Share(run, card, clips, tuple(range(len(clips))), truth, weights, before, FinishedClips(folder))
        try:
            costs = _finish(whole, out)
        except (DataError, MethodError, WeightsError):  # once they are mended, nothing is as it was
            if half is not None:
                half.remove()
            raise
        shutil.rmtree(out / _CLIPS, ignore_errors=True)
    facts, complexity = row_cost([clip.cost for clip in costs])
    shared = {"processes": max(clip.processes for clip in costs), "commands": commands}
    write_cost(run.cost, facts | {"stage": run.stage} | {name: count for name, count in shared.items() if count > 1})
    write_complexity(run.complexity, complexity)
    if half is not None:
        half.remove()


def _finish(row: Share, out: Path) -> list[FinishedClip]:
    """Run what is not finished, and hand all of it over; return what is known of each clip."""
    fault = run_clips(row)
    if printed := row.finished.printed(len(row.clips)):
        row.run.log.parent.mkdir(parents=True, exist_ok=True)
        row.run.log.write_bytes(printed)
    if fault is not None:
        raise fault.error
    found = [row.finished.read(number) for number in row.numbers]
    if not row.truth and all(clip.sharp for clip in found) and any(clip.changed for clip in found):
        raise MethodError(f"{row.run.row}: all of its frames are copies of the data set's sharp ones, no result; "
                          "name or make the method's own, or write `upper_bound: true` in method.yaml")  # fmt: skip
    row.finished.hand_over(row.clips, out)
    return found


def _record_failure(run: RowRun, reason: str) -> None:
    run.cost.unlink(missing_ok=True)
    write_complexity(run.complexity, Complexity({}))
    with replaced_folder(run.out) as folder:
        write_failure(folder, reason)
