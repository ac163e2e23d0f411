"""Deblur clips by one method: 8-bit frames, timed one by one (Sec. 4.3 to 4.5)."""

from collections.abc import Iterator, Sequence
from itertools import islice

from torch import Tensor

from pvdbench.core.errors import MethodError
from pvdbench.inference.cost import RunCost, clock, multiply_adds, run_cost
from pvdbench.io.images import to_bytes
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, in_float, iter_frames, require_frame
from pvdbench.methods.isolated_process import Progress

_COUNTED = 3  # frames of the first clip, over which multiply-adds are counted and a method warms up


def deblur_clips(method: Deblurrer, name: str, clips: Sequence[Clip], give: Progress) -> RunCost:
    """Deblur every frame of the clips.

    Args:
        method: loaded.
        name: for messages.
        clips: the blurry frames; with the sharp ones for an upper bound alone.
        give: called with each frame, (H, W, 3) uint8.

    Returns: what it cost.
    Raises:
        MethodError: if the method gives another number of frames, another shape, values that are not finite or outside
            [0, 1].
    """
    milliseconds: list[float] = []
    counted = _warm_up(method, clips[0][:_COUNTED])
    give()
    for clip in clips:
        times = []
        for output, ms in _checked(method, name, clip):
            times.append(ms)
            give(to_bytes(in_float(output).permute(1, 2, 0).numpy()).tobytes())
        milliseconds += _timed(method, times)
    return run_cost(method.parameters(), milliseconds, output, counted, timed=_how_timed(method))


def _warm_up(method: Deblurrer, clip: Clip) -> float | None:
    """Run the first frames, which are slow and not timed, and count their multiply-adds where PyTorch does the work."""
    if _how_timed(method) != "frame":
        return None

    def work() -> object:
        return list(islice(iter_frames(method.deblur(clip)), len(clip)))

    if not sum(method.parameters().values()):
        work()
        return None
    height, width = clip[0].shape[1:]
    return multiply_adds(work, frames=len(clip), width=width, height=height)


def _how_timed(method: Deblurrer) -> str:
    """Say how a method is timed: frame by frame; by clip, for programs; or never, for frames that were there before."""
    return str(getattr(method, "timed", "frame"))


def _timed(method: Deblurrer, times: list[float]) -> list[float]:
    """Turn the milliseconds after which each frame of a clip came into milliseconds per frame.

    A method that computes the clip at once gives one frame late and all others at no time, as a program does.
    """
    how = _how_timed(method)
    if how == "never":
        return []
    at_once = len(times) > _COUNTED and max(times) > sum(times) / 2
    return [sum(times) / len(times)] * len(times) if how == "clip" or at_once else times


def _checked(method: Deblurrer, name: str, clip: Clip) -> Iterator[tuple[Tensor, float]]:
    """Yield the method's frames with their milliseconds, each after its check against the contract."""
    outputs = iter_frames(method.deblur(clip))
    for t, frame in enumerate(tuple(clip.names)):
        start = clock()
        output = next(outputs, None)
        ms = (clock() - start) * 1000
        if output is None:
            raise MethodError(f"{name}: {clip.video}: {t} frames for {len(clip)}; yield one per frame")
        require_frame(output, tuple(clip[t].shape), f"{name}: {clip.video}/{frame}")
        yield output, ms
    if next(outputs, None) is not None:
        raise MethodError(f"{name}: {clip.video}: more than {len(clip)} frames; yield one per frame")
