"""A method on whatever a user has: a folder of frames, a video, arrays; and two frames for flow (Sec. 4.6)."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pvdbench.core.errors import DataError, MethodError
from pvdbench.inference.files import check_out, check_sizes, open_source, results
from pvdbench.inference.precision import Precision, in_precision
from pvdbench.inference.side_by_side import read_ahead, written_behind
from pvdbench.io.atomic import replaced_file
from pvdbench.io.flow import Flow, write_flow
from pvdbench.io.flow_picture import is_our_flow, is_our_picture
from pvdbench.io.images import to_bytes
from pvdbench.io.owned import behind_links, check_file
from pvdbench.methods.clip import Clip
from pvdbench.methods.faults import method_faults
from pvdbench.methods.interface import Deblurrer, MotionEstimator, in_float, iter_frames, require, require_frame

Image = NDArray[np.uint8] | NDArray[np.floating]
"""A frame, (H, W, 3) RGB: bytes, or floats in [0, 1]."""


def deblur_source(
    method: Deblurrer,
    source: Path,
    out: Path,
    *,
    also_read: Iterable[Path] = (),
    overwrite: bool = False,
    allow_damaged: bool = False,
    precision: Precision = "float32",
) -> int:
    """Deblur a folder of frames, a frame or a video file, and write PNG frames or, where out names one, a video.

    A video that is made of a video keeps its times, sound, names and shape of pixels; frames come out upright.

    Args:
        method: loaded.
        out: a folder for PNG frames, or a .mp4 or .mkv file; what is there is replaced if pvdbench wrote it.
        also_read: files and folders that the method was loaded from.
        overwrite: replace it whoever wrote it; what is read is never replaced.
        allow_damaged: of a damaged video, take the frames that can be read, with a notice.
        precision: of the method's convolutions and matrix products.

    Returns: the number of frames.
    Raises:
        DataError: if source is none of the three, holds no frames, or is damaged or of mixed sizes; if out is source,
            another kind of video or a place that holds what pvdbench did not write.
        MethodError: if the method breaks the contract or is an upper bound, which needs the truth.
    """
    _refuse_upper_bound(method, str(source))
    check_out(out, [source, *also_read], overwrite=overwrite)
    clip, names = open_source(source, allow_damaged=allow_damaged)
    labels = [f"{source}: {name}" for name in names]
    with results(out, clip, names) as write, read_ahead(clip) as ahead, written_behind(write) as behind:
        outputs = in_precision(_deblurred(method, ahead, labels), precision)
        for t, output in enumerate(tqdm(outputs, "deblur", len(clip), unit="frame")):
            behind(t, to_bytes(output.permute(1, 2, 0).numpy()))
    return len(clip)


def deblur_frames(method: Deblurrer, frames: Sequence[Image]) -> list[Image]:
    """Deblur a clip of arrays.

    Args:
        method: loaded.
        frames: (H, W, 3) RGB each, all of one size and type: uint8, or floats in [0, 1].

    Returns: as many frames, uint8 where the input is, else float32 in [0, 1].
    Raises:
        DataError: if there are no frames, or one is of another shape, type or range.
        MethodError: if the method breaks the contract or is an upper bound, which needs the truth.
    """
    _refuse_upper_bound(method, "frames")
    clip = _ArrayClip(frames)
    outputs = (output.permute(1, 2, 0).numpy() for output in _deblurred(method, clip, clip.names))
    # Copies: a method may yield one tensor again and again, with other values.
    return [to_bytes(output) if frames[0].dtype == np.uint8 else output.astype(np.float32) for output in outputs]


def estimate_flow(method: MotionEstimator, target: Image, source: Image) -> Flow:
    """Estimate the flow from one array to another.

    Args:
        method: loaded.
        target, source: (H, W, 3) RGB, of one size and type: uint8, or floats in [0, 1].

    Returns: (H, W, 2), (x, y) in pixels: target(p) looks like source(p + flow(p)).
    Raises:
        DataError: if a frame is of another shape, type or range.
        MethodError: if the method breaks the contract.
    """
    return _estimated(method, _ArrayClip([target, source]), "flow")


def write_flow_between(
    method: MotionEstimator, target: Path, source: Path, out: Path, *, overwrite: bool = False
) -> Flow:
    """Write the flow from one frame file to another as .flo; the name with .png is left to a picture of it.

    Args:
        out: a .flo file; it and the picture are replaced if pvdbench wrote them, or with overwrite.

    Returns: (H, W, 2), (x, y) in pixels.
    Raises:
        DataError: if a frame is missing, damaged or of another size than the other, or out has another ending or is
            a place that holds what pvdbench did not write.
        MethodError: if the method breaks the contract.
    """
    if out.suffix.lower() != ".flo":
        raise DataError(f"{out}: a flow is written as .flo, its picture beside it as .png; name a file ending in .flo")
    check_file(out, [target, source], overwrite=overwrite, ours=is_our_flow)
    check_file(out.with_suffix(".png"), [target, source], overwrite=overwrite, ours=is_our_picture)
    check_sizes([target, source])
    flow = _estimated(method, Clip([target, source]), str(target))
    with replaced_file(behind_links(out)) as partial:
        write_flow(partial, flow)
    return flow


class _ArrayClip(Clip):
    """Arrays as a clip."""

    def __init__(self, frames: Sequence[Image]) -> None:
        """Check the frames.

        Raises:
            DataError: naming the first that is of another shape, type or range.
        """
        names = [f"frame {t}" for t in range(len(frames))]
        super().__init__([], names=names)
        if not frames:
            raise DataError("no frames to deblur; give at least one")
        for name, frame in zip(names, frames, strict=True):
            _check_array(name, frame, frames[0])
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Clip: ...
    def __getitem__(self, index: int | slice) -> Tensor | Clip:
        if isinstance(index, slice):
            return _ArrayClip(self._frames[index])
        frame = self._frames[index]
        values = torch.from_numpy(np.array(frame, np.float32)).permute(2, 0, 1)
        return values / 255 if frame.dtype == np.uint8 else values


def _check_array(name: str, frame: Image, first: Image) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != first.shape:
        raise DataError(f"{name}: shape {frame.shape}; give arrays (H, W, 3), all as the first, {first.shape}")
    if frame.dtype != first.dtype or not (frame.dtype == np.uint8 or np.issubdtype(frame.dtype, np.floating)):
        raise DataError(f"{name}: type {frame.dtype}; give all frames as uint8 or all as floats in [0, 1]")
    if frame.dtype != np.uint8 and not (frame.min() >= 0 and frame.max() <= 1):  # NaN is neither
        raise DataError(f"{name}: values from {frame.min():.4g} to {frame.max():.4g}; floats must be in [0, 1]")


def _refuse_upper_bound(method: Deblurrer, what: str) -> None:
    if getattr(method, "upper_bound", False):
        raise MethodError(f"{what}: this method is an upper bound, which needs the sharp frames; take other weights")


def _deblurred(method: Deblurrer, clip: Clip, names: Iterable[str]) -> Iterator[Tensor]:
    """Yield the method's frames, each after its check against the contract; names say which, in messages."""
    with method_faults(method):
        outputs = iter_frames(method.deblur(clip))
    shape = tuple(clip[0].shape)
    for t, name in enumerate(names):
        with method_faults(method):
            output = next(outputs, None)
        if output is None:
            raise MethodError(f"{name}: the method yielded {t} of {len(clip)} frames; it must yield one per frame")
        require_frame(output, shape, name)
        yield in_float(output)
    with method_faults(method):
        surplus = next(outputs, None)
    if surplus is not None:
        raise MethodError(f"{name}: the method yielded more than {len(clip)} frames; it must yield one per frame")


def _estimated(method: MotionEstimator, pair: Clip, where: str) -> Flow:
    with method_faults(method):
        values: Tensor = method.flow(pair[0], pair[1])
    require(values, (2, *pair[0].shape[1:]), where)
    flow: Flow = values.detach().permute(1, 2, 0).to(torch.float32).cpu().numpy().copy()
    return flow
