"""What a deblurrer must do with three frames, part by part."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from pvdbench.core.errors import MethodError
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer
from pvdbench.methods.trial_clip import ODD, SIZE, Subject, trial_clip
from pvdbench.methods.validation import require_frame

_WRONG_PLACE = 1.5  # times further from its own frame than from another: no matter of quality any more


def _three(subject: Subject) -> str:
    method = subject.deblurrer()
    with trial_clip(3) as clip:
        start = time.perf_counter()
        outputs = _run(method, clip)
        milliseconds = (time.perf_counter() - start) * 1000 / len(clip)
        for t, output in enumerate(outputs):
            errors = [float((output - frame).abs().mean()) for frame in clip]
            if errors[t] > _WRONG_PLACE * min(errors):
                raise MethodError("expected the frames in order, got one like frame "
                                  f"{int(np.argmin(errors))} for frame {t}; keep the clip's order")  # fmt: skip
    return f"{milliseconds:.1f} ms a frame of {SIZE[1]}x{SIZE[0]}, the first ones"


def _same_again(subject: Subject) -> str:
    method = subject.deblurrer()
    with trial_clip(3) as clip:
        first, second, fresh = _run(method, clip), _run(method, clip), _run(subject.deblurrer(), clip)
    if not all(map(torch.equal, first, second)):
        raise MethodError("expected a clip to give the same frames twice, got others; keep the state in local "
                          "variables of deblur and draw no random numbers")  # fmt: skip
    if not all(map(torch.equal, first, fresh)):
        raise MethodError("expected the same frames from a second start, got others; set a seed in load")
    return "the same frames twice, and from a second start"


def _untouched(subject: Subject) -> str:
    with trial_clip(3) as clip:
        before = [path.read_bytes() for path in clip.paths]
        _run(subject.deblurrer(), clip)
        if [path.read_bytes() if path.is_file() else b"" for path in clip.paths] != before or not clip.untouched:
            raise MethodError("expected the clip's frames as they were, got others; work on frame.clone()")
    return "the clip's frames as they were"


def _single(subject: Subject) -> str:
    with trial_clip(1) as clip:
        _run(subject.deblurrer(), clip)
    return "a clip of one frame gives one"


def _odd(subject: Subject) -> str:
    with trial_clip(3, ODD) as clip:
        _run(subject.deblurrer(), clip)
    return f"frames of {ODD[1]}x{ODD[0]} keep their size"


def _run(method: Deblurrer, clip: Clip) -> list[Tensor]:
    """All frames of a clip, held against the contract."""
    outputs: list[Tensor] = []
    for t, output in enumerate(method.deblur(clip)):
        if t == len(clip):
            raise MethodError(f"expected {len(clip)} frames, got more; yield one a frame")
        require_frame(output, tuple(clip[t].shape), f"frame {t}")
        outputs.append(output.clone())
    if len(outputs) < len(clip):
        raise MethodError(f"expected {len(clip)} frames, got {len(outputs)}; yield one a frame")
    return outputs


FRAME_PARTS: Mapping[str, Callable[[Subject], str]] = {
    "three frames": _three,
    "repeatable": _same_again,
    "input untouched": _untouched,
    "one frame": _single,
    "odd sizes": _odd,
}
