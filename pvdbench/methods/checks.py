"""`pvdbench methods check`: validate a method on three frames, each check in a process of its own with a time limit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pvdbench.core.errors import PvdbenchError
from pvdbench.methods.card import MethodCard, named_files
from pvdbench.methods.check_inputs import CheckedMethod
from pvdbench.methods.frame_checks import FLOW_CHECKS, FRAME_CHECKS
from pvdbench.methods.isolated_process import Progress
from pvdbench.methods.isolation import run_isolated
from pvdbench.methods.loading import load_deblurrer
from pvdbench.methods.precomputed import PrecomputedFrames

_LOADS = "loads"


@dataclass(frozen=True)
class Outcome:
    """What one check found; message says what to change where it failed."""

    check: str
    passed: bool
    message: str


def check_method(checked: CheckedMethod, *, seconds: float) -> Iterator[Outcome]:
    """Run every check that a method of its kind and task must pass.

    Args:
        seconds: that each check may take.

    Raises:
        MethodError: if there is no such method.
    """
    weights = checked.weights and checked.weights.absolute()  # each check runs in a folder of its own
    checked = replace(checked, methods=checked.methods.absolute(), weights=weights)
    for name, check in _checks(checked.card).items():
        try:
            yield Outcome(name, True, run_isolated(partial(_run, check, checked), seconds=seconds))
        except PvdbenchError as error:
            yield Outcome(name, False, str(error))
            if name == _LOADS:  # the other checks would say the same
                return


def count_checks(checked: CheckedMethod) -> int:
    """Count the checks that a method of its kind and task must pass."""
    return len(_checks(checked.card))


def _run(check: Callable[[CheckedMethod], str], checked: CheckedMethod, _: Progress) -> str:
    return check(checked)


def _checks(card: MethodCard) -> Mapping[str, Callable[[CheckedMethod], str]]:
    if card.kind == "folder":
        return {"template": _template}
    return {_LOADS: _loads, **(FLOW_CHECKS if card.task == "motion" else FRAME_CHECKS)}


def _loads(checked: CheckedMethod) -> str:
    """Import the method and load its weights with its options."""
    method = checked.estimator() if checked.card.task == "motion" else checked.deblurrer()
    return f"{sum(method.parameters().values()):,} parameters"


def _template(checked: CheckedMethod) -> str:
    """Try the names of precomputed frames; the frames themselves are those of a data set's clips."""
    method = load_deblurrer(checked.methods, checked.name)
    assert isinstance(method, PrecomputedFrames)
    example = method.path("VIDEO", ["00000", "00001"], 0)
    there = len(named_files(checked.methods / checked.name, checked.card))
    return f"{example} holds frame 00000 of VIDEO; files here that suit the template: {there}"
