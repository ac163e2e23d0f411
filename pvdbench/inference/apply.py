"""Running a method on whatever a user has: a folder of frames or a video, and two frames for flow."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from pvdbench.core.errors import DataError, MethodError
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.io.flow import Flow, write_flow
from pvdbench.io.frame_folders import is_frame
from pvdbench.io.images import Frame, read_frame, to_bytes, write_frame
from pvdbench.io.video import UNWRITTEN, WRITTEN, VideoWriter
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import Deblurrer, MotionEstimator
from pvdbench.methods.validation import require, require_frame
from pvdbench.methods.video_clip import VideoClip

_RATE = Fraction(30)  # of a video made from a folder of frames, which has none of its own


def deblur_anything(method: Deblurrer, source: Path, out: Path) -> int:
    """Deblur a folder of frames or a video file, and write PNG frames or, where out names one, a video.

    Args:
        method: loaded.
        out: a folder for PNG frames, or a .mp4 or .mkv file; what is there is replaced, but never what is no frame.

    Returns: the number of frames.
    Raises:
        DataError: if source is neither, holds no frames, or a frame is damaged or of another size; if out is source,
            another kind of video or a folder that holds other things.
        MethodError: if the method breaks the contract or is an upper bound, which needs the truth.
    """
    if getattr(method, "upper_bound", False):
        raise MethodError(
            f"{source}: expected a method that needs no sharp frames, got an upper bound; take other weights"
        )
    _check_out(source, out)
    clip, names, rate = _open(source)
    outputs = method.deblur(clip)
    with _writer(out, names, rate) as write:
        for t in tqdm(range(len(clip)), "deblur", unit="frame"):
            output = next(outputs, None)
            if output is None:
                raise MethodError(f"{source}: expected {len(clip)} frames, got {t}; the method must yield one a frame")
            require_frame(output, tuple(clip[t].shape), f"{source}: {names[t]}")
            write(t, to_bytes(output.permute(1, 2, 0).numpy()))
    return len(clip)


def estimate_anything(method: MotionEstimator, target: Path, source: Path, out: Path) -> Flow:
    """Write the flow from one frame to another as .flo; the name with .png is its picture's, which others draw.

    Returns: (H, W, 2), (x, y) in pixels.
    Raises:
        DataError: if a frame is missing, damaged or of another size than the other, or lies where a result would.
        MethodError: if the method breaks the contract.
    """
    if {target.resolve(), source.resolve()} & {out.resolve(), out.with_suffix(".png").resolve()}:
        raise DataError(f"{out}: expected a name that leaves {target} and {source} alone, got one of theirs; "
                        "name another")  # fmt: skip
    frames = Clip([target, source])
    if frames[0].shape != frames[1].shape:
        sizes = [f"{frame.shape[2]}x{frame.shape[1]}" for frame in (frames[0], frames[1])]
        raise DataError(f"{source}: expected {sizes[0]} as {target}, got {sizes[1]}; give frames of one size")
    values: Tensor = method.flow(frames[0], frames[1])
    require(values, (2, *frames[0].shape[1:]), str(target))
    flow: Flow = values.permute(1, 2, 0).to(torch.float32).numpy()
    with replaced_file(out) as partial:
        write_flow(partial, flow)
    return flow


def _open(source: Path) -> tuple[Clip, list[str], Fraction]:
    """The clip, a name a frame and the frames a second."""
    if source.is_dir():
        paths = sorted(filter(is_frame, source.iterdir()))
        if not paths:
            raise DataError(f"{source}: expected PNG or JPEG frames, found none; name the folder that holds them")
        _check_sizes(paths)
        return Clip(paths), [path.stem for path in paths], _RATE
    video = VideoClip(source)
    return video, [f"{t:06d}" for t in range(len(video))], video.rate


def _check_out(source: Path, out: Path) -> None:
    """Refuse a place for the results where they would replace what they are not, or lie under a false name."""
    if out.suffix.lower() in UNWRITTEN:
        raise DataError(f"{out}: expected a folder, or a file ending in {' or '.join(WRITTEN)}, got '{out.suffix}'; "
                        "name one of these")  # fmt: skip
    if out.resolve() == source.resolve():
        raise DataError(f"{out}: expected another place than that of the input, got the same; name another")
    others = sorted(path.name for path in out.iterdir() if path.suffix != ".png") if out.is_dir() else []
    if others:
        raise DataError(f"{out}: expected no folder, or one of PNG frames to replace, got '{others[0]}' in it; "
                        "name another")  # fmt: skip


def _check_sizes(paths: list[Path]) -> None:
    first = read_frame(paths[0]).shape
    for path in paths[1:]:
        if (shape := read_frame(path).shape) != first:
            raise DataError(f"{path}: expected {first[1]}x{first[0]} as {paths[0]}, got {shape[1]}x{shape[0]}; "
                            "give frames of one size")  # fmt: skip


@contextmanager
def _writer(out: Path, names: list[str], rate: Fraction) -> Iterator[Callable[[int, Frame], None]]:
    """A function that takes a frame's number and values; what it writes appears whole or not at all."""
    if (ending := out.suffix.lower()) in WRITTEN:
        with replaced_file(out) as partial, VideoWriter(partial, rate, lossless=ending == ".mkv") as video:
            yield lambda t, frame: video.write(frame)  # noqa: ARG005
        return
    with replaced_folder(out) as folder:
        yield lambda t, frame: write_frame(folder / f"{names[t]}.png", frame)
