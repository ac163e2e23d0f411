"""Deblur every test clip of a data set by one method: 8-bit PNG frames, timed one by one (Sec. 4.3 to 4.5)."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from pvdbench.core.errors import MethodError
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.inference.cost import RunCost, clock, multiply_adds, run_cost
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.images import to_bytes, write_frame
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, require_frame
from pvdbench.methods.isolation import Progress

_COUNTED = 3  # frames of the first clip, over which multiply-adds are counted and a method warms up


def run_deblurring(
    method: Deblurrer, name: str, dataset: Path, out: Path, *, truth: bool = False, beat: Progress = lambda: None
) -> RunCost:
    """Write out/VIDEO/FRAME.png for every frame of the test split.

    Args:
        method: loaded.
        name: for messages.
        dataset: the data set's folder.
        truth: whether the method is an upper bound, which is handed the sharp frames.
        beat: called after every frame.

    Returns: what it cost.
    Raises:
        MethodError: if the method gives another number of frames, another shape, values that are not finite or outside
            [0, 1], or changes a frame of the data set.
    """
    milliseconds: list[float] = []
    clips = read_clips(dataset, "test")
    counted = _warm_up(method, _clip(clips[0], truth)[:_COUNTED])
    beat()
    with replaced_folder(out) as folder:
        for clip in tqdm(clips, name, mininterval=1):
            (folder / clip.video).mkdir()
            before = _stamps(clip)
            times = []
            for frame, (output, ms) in zip(clip.frames, _checked(method, name, clip, truth), strict=True):
                times.append(ms)
                write_frame(folder / clip.video / f"{frame.name}.png", to_bytes(output.permute(1, 2, 0).cpu().numpy()))
                beat()
            _require_untouched(name, before, _stamps(clip))
            milliseconds += _timed(method, times)
    return run_cost(method.parameters(), milliseconds, output, counted, timed=_how_timed(method))


def _warm_up(method: Deblurrer, clip: Clip) -> float | None:
    """Run the first frames, which are slow and not timed, and count their multiply-adds where PyTorch does the work."""
    if _how_timed(method) != "frame":
        return None

    def work() -> object:
        return list(islice(method.deblur(clip), len(clip)))

    if not sum(method.parameters().values()):
        work()
        return None
    height, width = clip[0].shape[1:]
    return multiply_adds(work, frames=len(clip), width=width, height=height)


def _how_timed(method: Deblurrer) -> str:
    """Say how a method is timed: frame by frame; by clip, for programs; or never, for frames that were there before."""
    return str(getattr(method, "timed", "frame"))


def _timed(method: Deblurrer, times: list[float]) -> list[float]:
    """Turn the milliseconds after which each frame came into milliseconds per frame."""
    how = _how_timed(method)
    if how == "never":
        return []
    return [sum(times) / len(times)] * len(times) if how == "clip" else times


def _clip(clip: ClipFiles, truth: bool) -> Clip:
    sharp = Clip([frame.sharp for frame in clip.frames]) if truth else None
    names = [frame.name for frame in clip.frames]
    return Clip([frame.blurry for frame in clip.frames], truth=sharp, video=clip.video, names=names)


def _checked(method: Deblurrer, name: str, clip: ClipFiles, truth: bool) -> Iterator[tuple[Tensor, float]]:
    """Yield the method's frames with their milliseconds, each after its check against the contract."""
    frames = _clip(clip, truth)
    outputs = method.deblur(frames)
    for t, frame in enumerate(clip.frames):
        start = clock()
        output = next(outputs, None)
        ms = (clock() - start) * 1000
        if output is None:
            raise MethodError(f"{name}: {clip.video}: {t} frames for {len(frames)}; yield one per frame")
        require_frame(output, tuple(frames[t].shape), f"{name}: {frame.blurry}")
        yield output, ms
    if next(outputs, None) is not None:
        raise MethodError(f"{name}: {clip.video}: more than {len(frames)} frames; yield one per frame")


def _stamps(clip: ClipFiles) -> dict[Path, tuple[int, int]]:
    """Read size and time of the files that a method could write to."""
    files = [file for frame in clip.frames for file in (frame.blurry, frame.truth)]
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in files if file and file.exists()}


def _require_untouched(name: str, before: dict[Path, tuple[int, int]], after: dict[Path, tuple[int, int]]) -> None:
    for file in before:
        if after.get(file) != before[file]:
            raise MethodError(f"{name}: {file}: the method changed this frame of the data set; restore the frame, and "
                              "have the method write elsewhere")  # fmt: skip
