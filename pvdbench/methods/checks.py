"""`pvdbench methods check`: the contract on three frames, each part in a process of its own with a time limit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pvdbench.core.errors import PvdbenchError
from pvdbench.methods.card import MethodCard, read_card
from pvdbench.methods.flow_checks import FLOW_PARTS
from pvdbench.methods.frame_checks import FRAME_PARTS
from pvdbench.methods.isolation import Beat, run_watched
from pvdbench.methods.loading import load_deblurrer, named_files
from pvdbench.methods.precomputed import PrecomputedFrames
from pvdbench.methods.trial_clip import Subject

_LOADS = "loads"
Parts = Mapping[str, Callable[[Subject], str]]


@dataclass(frozen=True)
class Outcome:
    """One part of the contract: what was tried, what came out, and whether that is right."""

    part: str
    says: str
    fine: bool


def check_method(subject: Subject, *, seconds: float) -> Iterator[Outcome]:
    """Try each part of the contract that its kind and task have.

    Args:
        seconds: that each part may take.

    Raises:
        MethodError: if there is no such method.
    """
    for part, probe in _parts(read_card(subject.methods, subject.name)).items():
        try:
            yield Outcome(part, run_watched(partial(_run, probe, subject), seconds=seconds), True)
        except PvdbenchError as error:
            yield Outcome(part, str(error), False)
            if part == _LOADS:  # the other parts would say the same
                return


def _run(probe: Callable[[Subject], str], subject: Subject, _: Beat) -> str:
    return probe(subject)


def _parts(card: MethodCard) -> Parts:
    if card.kind == "folder":
        return {"template": _template}
    return {_LOADS: _loads, **(FLOW_PARTS if card.task == "motion" else FRAME_PARTS)}


def _loads(subject: Subject) -> str:
    """Import, weights and options."""
    motion = read_card(subject.methods, subject.name).task == "motion"
    parts = (subject.estimator() if motion else subject.deblurrer()).parameters()
    return f"{sum(parts.values()):,} parameters"


def _template(subject: Subject) -> str:
    """Precomputed frames are for a data set's clips; here their names can be tried alone."""
    method = load_deblurrer(subject.methods, subject.name)
    assert isinstance(method, PrecomputedFrames)
    example = method.path("VIDEO", ["00000", "00001"], 0)
    there = len(named_files(subject.methods / subject.name, read_card(subject.methods, subject.name)))
    return f"{example} holds frame 00000 of VIDEO; files here that suit the template: {there}"
