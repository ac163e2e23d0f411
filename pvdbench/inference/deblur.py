"""Deblur clips by one method: 8-bit frames, timed one by one (Sec. 4.3 to 4.5)."""

from collections.abc import Iterator, Sequence
from itertools import islice

from torch import Tensor

from pvdbench.core.errors import MethodError
from pvdbench.inference.cost import WARM_UP, CostMeter, clock, multiply_adds
from pvdbench.inference.same_start import same_start
from pvdbench.io.images import to_bytes
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, in_float, iter_frames, require_frame
from pvdbench.methods.isolated_process import Progress


def deblur_clips(method: Deblurrer, name: str, clips: Sequence[Clip], give: Progress, *, first: Clip) -> None:
    """Deblur every frame of the clips, each clip as if it were the only one.

    Args:
        method: loaded.
        name: for messages.
        clips: the blurry frames; with the sharp ones for an upper bound alone.
        give: called with each frame, (H, W, 3) uint8, and after each clip with what it cost.
        first: the first frames of the row's first clip, for the warm-up.

    Raises:
        MethodError: if the method gives another number of frames, another shape, values that are not finite or outside
            [0, 1].
    """
    meter = CostMeter(method.parameters(), lambda: _warm_up(method, first), _how_timed(method))
    give()
    for clip in clips:
        same_start()
        times, output = [], None
        for output, ms in _checked(method, name, clip):
            times.append(ms)
            give(to_bytes(in_float(output).permute(1, 2, 0).numpy()).tobytes())
        height, width = clip[0].shape[1:]
        give(meter.clip(_timed(method, times), output, width, height))


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
    at_once = len(times) > WARM_UP and max(times) > sum(times) / 2
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
