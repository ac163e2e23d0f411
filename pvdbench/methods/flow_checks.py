"""What a motion estimator must do with two frames, part by part."""

import time
from collections.abc import Callable, Mapping

import torch

from pvdbench.core.errors import MethodError
from pvdbench.methods.trial_clip import ODD, SIZE, Subject, trial_pair
from pvdbench.methods.validation import require


def _two(subject: Subject) -> str:
    method, pair = subject.estimator(), trial_pair()
    start = time.perf_counter()
    require(method.flow(*pair), (2, *SIZE), "flow")
    return f"{(time.perf_counter() - start) * 1000:.1f} ms a pair of {SIZE[1]}x{SIZE[0]}, the first one"


def _same_again(subject: Subject) -> str:
    method, pair = subject.estimator(), trial_pair()
    first = method.flow(*pair).clone()
    if not torch.equal(first, method.flow(*pair)) or not torch.equal(first, subject.estimator().flow(*pair)):
        raise MethodError("expected a pair to give the same flow again, got another; draw no random numbers, or set "
                          "their seed in load")  # fmt: skip
    return "the same flow twice, and from a second start"


def _untouched(subject: Subject) -> str:
    pair = trial_pair()
    subject.estimator().flow(*pair)
    if not all(map(torch.equal, pair, trial_pair())):
        raise MethodError("expected the frames as they were, got others; work on frame.clone()")
    return "the frames as they were"


def _odd(subject: Subject) -> str:
    require(subject.estimator().flow(*trial_pair(ODD)), (2, *ODD), "flow")
    return f"frames of {ODD[1]}x{ODD[0]} keep their size"


FLOW_PARTS: Mapping[str, Callable[[Subject], str]] = {
    "two frames": _two,
    "repeatable": _same_again,
    "input untouched": _untouched,
    "odd sizes": _odd,
}
