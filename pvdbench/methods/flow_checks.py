"""The checks of a motion estimator: what it must do with two frames."""

import time
from collections.abc import Callable, Mapping

import torch

from pvdbench.core.errors import MethodError
from pvdbench.methods.check_inputs import ODD, SIZE, CheckedMethod, moving_pair
from pvdbench.methods.validation import require


def _two_frames(checked: CheckedMethod) -> str:
    method, pair = checked.estimator(), moving_pair()
    start = time.perf_counter()
    require(method.flow(*pair), (2, *SIZE), "flow")
    return f"{(time.perf_counter() - start) * 1000:.1f} ms per pair of {SIZE[1]}x{SIZE[0]}, the first one"


def _repeatable(checked: CheckedMethod) -> str:
    method, pair = checked.estimator(), moving_pair()
    first = method.flow(*pair).clone()
    if not torch.equal(first, method.flow(*pair)) or not torch.equal(first, checked.estimator().flow(*pair)):
        raise MethodError("a pair of frames gave another flow the second time; draw no random numbers, or set their "
                          "seed in load")  # fmt: skip
    return "the same flow twice, and from a second start"


def _input_untouched(checked: CheckedMethod) -> str:
    pair = moving_pair()
    checked.estimator().flow(*pair)
    if not all(map(torch.equal, pair, moving_pair())):
        raise MethodError("the method wrote into its input; work on frame.clone()")
    return "the frames are as they were"


def _odd_sizes(checked: CheckedMethod) -> str:
    require(checked.estimator().flow(*moving_pair(ODD)), (2, *ODD), "flow")
    return f"frames of {ODD[1]}x{ODD[0]} keep their size"


FLOW_CHECKS: Mapping[str, Callable[[CheckedMethod], str]] = {
    "two frames": _two_frames,
    "repeatable": _repeatable,
    "input untouched": _input_untouched,
    "odd sizes": _odd_sizes,
}
