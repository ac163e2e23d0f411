"""One row run in a process of its own: a method that fails, hangs or dies leaves a reason in place of frames."""

from functools import partial

from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.datasets.manifest import read_clips
from pvdbench.inference.row import Attempt, run_row
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.cost import measured_cost
from pvdbench.io.failure import write_failure
from pvdbench.methods.card import read_card
from pvdbench.methods.isolation import run_isolated


def attempt(run: Attempt) -> str:
    """Run a row; what its method does wrong is recorded in out and in the cost file.

    Returns: the reason why it has no frames; empty where it has.
    Raises:
        PvdbenchError: for whatever is no fault of the method: a damaged frame of the data set, a full disk.
    """
    try:
        run_isolated(partial(run_row, run), seconds=_patience(run))
    except (MethodError, WeightsError) as error:
        reason = str(error)
        with measured_cost(run.cost, run.stage) as facts, replaced_folder(run.out) as folder:
            facts["failed"] = reason
            write_failure(folder, reason)
        return reason
    return ""


def _patience(run: Attempt) -> float:
    """Seconds until silence counts as a hang; a program gives its frames a clip at a time."""
    card = read_card(run.methods, run.method)
    if card.kind != "command":
        return card.seconds_a_frame
    longest = max(len(clip.frames) for clip in read_clips(run.dataset, "test"))
    return card.seconds_a_frame * longest + _SLACK


_SLACK = 60.0  # seconds beyond a program's own limit
