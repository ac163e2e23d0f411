"""The checks of a method: what a deblurrer must do with three frames, and a motion estimator with two."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from pvdbench.core.errors import MethodError
from pvdbench.methods.check_inputs import ODD, SIZE, CheckedMethod, moving_clip, moving_pair
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, require, require_frame

_OTHER_FRAME = 1.5  # times further from its own frame than from another: no matter of quality any more


def _three_frames(checked: CheckedMethod) -> str:
    method = checked.deblurrer()
    with moving_clip(3, truth=checked.sees_truth(method)) as clip:
        start = time.perf_counter()
        outputs = _outputs(method, clip)
        milliseconds = (time.perf_counter() - start) * 1000 / len(clip)
        for t, output in enumerate(outputs):
            errors = [float((output - frame).abs().mean()) for frame in clip]
            if errors[t] > _OTHER_FRAME * min(errors):
                raise MethodError(f"what the method yielded for frame {t} is like frame {int(np.argmin(errors))}; keep "
                                  "the clip's order")  # fmt: skip
    return f"{milliseconds:.1f} ms per frame of {SIZE[1]}x{SIZE[0]}, the first ones"


def _repeatable(checked: CheckedMethod) -> str:
    method, again = checked.deblurrer(), checked.deblurrer()
    with moving_clip(3, truth=checked.sees_truth(method)) as clip:
        first, second, fresh = _outputs(method, clip), _outputs(method, clip), _outputs(again, clip)
    if not all(map(torch.equal, first, second)):
        raise MethodError("a clip gave other frames the second time; keep the state in local variables of deblur and "
                          "draw no random numbers")  # fmt: skip
    if not all(map(torch.equal, first, fresh)):
        raise MethodError("a clip gave other frames from a second start; set a seed in load")
    return "the same frames twice, and from a second start"


def _input_untouched(checked: CheckedMethod) -> str:
    method = checked.deblurrer()
    with moving_clip(3, truth=checked.sees_truth(method)) as clip:
        before = [path.read_bytes() for path in clip.paths]
        _outputs(method, clip)
        if [path.read_bytes() if path.is_file() else b"" for path in clip.paths] != before or not clip.untouched:
            raise MethodError("the method wrote into its input; work on frame.clone()")
    return "the clip's frames are as they were"


def _one_frame(checked: CheckedMethod) -> str:
    method = checked.deblurrer()
    with moving_clip(1, truth=checked.sees_truth(method)) as clip:
        _outputs(method, clip)
    return "a clip of one frame gives one"


def _odd_sizes(checked: CheckedMethod) -> str:
    method = checked.deblurrer()
    with moving_clip(3, ODD, truth=checked.sees_truth(method)) as clip:
        _outputs(method, clip)
    return f"frames of {ODD[1]}x{ODD[0]} keep their size"


def _outputs(method: Deblurrer, clip: Clip) -> list[Tensor]:
    """Run a method over a clip and validate each frame."""
    outputs: list[Tensor] = []
    for t, output in enumerate(method.deblur(clip)):
        if t == len(clip):
            raise MethodError(f"the method yielded more than {len(clip)} frames for {len(clip)}; yield one per frame")
        require_frame(output, tuple(clip[t].shape), f"frame {t}")
        outputs.append(output.clone())
    if len(outputs) < len(clip):
        raise MethodError(f"the method yielded {len(outputs)} frames for {len(clip)}; yield one per frame")
    return outputs


FRAME_CHECKS: Mapping[str, Callable[[CheckedMethod], str]] = {
    "three frames": _three_frames,
    "repeatable": _repeatable,
    "input untouched": _input_untouched,
    "one frame": _one_frame,
    "odd sizes": _odd_sizes,
}


def _two_frames(checked: CheckedMethod) -> str:
    method, pair = checked.estimator(), moving_pair()
    start = time.perf_counter()
    require(method.flow(*pair), (2, *SIZE), "flow")
    return f"{(time.perf_counter() - start) * 1000:.1f} ms per pair of {SIZE[1]}x{SIZE[0]}, the first one"


def _same_flow_twice(checked: CheckedMethod) -> str:
    method, pair = checked.estimator(), moving_pair()
    first = method.flow(*pair).clone()
    if not torch.equal(first, method.flow(*pair)) or not torch.equal(first, checked.estimator().flow(*pair)):
        raise MethodError("a pair of frames gave another flow the second time; draw no random numbers, or set their "
                          "seed in load")  # fmt: skip
    return "the same flow twice, and from a second start"


def _pair_untouched(checked: CheckedMethod) -> str:
    pair = moving_pair()
    checked.estimator().flow(*pair)
    if not all(map(torch.equal, pair, moving_pair())):
        raise MethodError("the method wrote into its input; work on frame.clone()")
    return "the frames are as they were"


def _odd_flow(checked: CheckedMethod) -> str:
    require(checked.estimator().flow(*moving_pair(ODD)), (2, *ODD), "flow")
    return f"frames of {ODD[1]}x{ODD[0]} keep their size"


FLOW_CHECKS: Mapping[str, Callable[[CheckedMethod], str]] = {
    "two frames": _two_frames,
    "repeatable": _same_flow_twice,
    "input untouched": _pair_untouched,
    "odd sizes": _odd_flow,
}
