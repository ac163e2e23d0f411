"""What comes back from a method's process, bytes frame by frame, written where the scores look for it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from pvdbench.core.errors import MethodError
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.io.flow import write_flow
from pvdbench.io.images import frame_size, read_frame, to_bytes, write_frame
from pvdbench.methods.card import Task
from pvdbench.methods.clip import to_tensor

_LENGTH = {"deblur": 3, "motion": 8}  # bytes per pixel: 8-bit RGB; (x, y) as float32


class Results:
    """Writes what a row gives, in the order of the clips: out/VIDEO/FRAME.png, and FRAME.flo for motion.

    For motion the PNG file is the sharp frame before, warped by the flow; it is read here, out of the method's sight.
    """

    def __init__(
        self, task: Task, name: str, clips: Sequence[ClipFiles], out: Path, threads: int, *, truth: bool = False
    ) -> None:  # fmt: skip
        """Make the videos' folders.

        Args:
            name: for messages.
            threads: of the warping.
            truth: whether the row may be the sharp frames themselves, as an upper bound.
        """
        self._perfect, self._changed = task == "deblur" and not truth, False
        self._task, self._name, self._out, self._threads = task, name, out, threads
        expected = list(_motion_frames(clips) if task == "motion" else _frames(clips))
        self._bar = tqdm(expected, name, unit="frame", mininterval=1)
        self._expected = iter(self._bar)
        self._sizes = {clip.video: frame_size(clip.frames[0].blurry) for clip in clips}
        for video in self._sizes:
            (out / video).mkdir()

    def take(self, values: bytes) -> None:
        """Write the next frame.

        Args:
            values: (H, W, 3) uint8, or for motion (H, W, 2) float32, little-endian.

        Raises:
            MethodError: if no frame is left to come, or it is of another size.
            DataError: if the sharp frame that is to be warped is damaged.
        """
        expected = next(self._expected, None)
        if expected is None:
            raise MethodError(f"{self._name}: more frames came than there are; yield one per frame")
        video, before, frame = expected
        width, height = self._sizes[video]
        if len(values) != height * width * _LENGTH[self._task]:
            raise MethodError(f"{self._name}: {video}/{frame.name}: not of {width}x{height}; keep the frame's size")
        place = self._out / video / f"{frame.name}.png"
        if self._task == "deblur":
            self._compare(frame, values)
            write_frame(place, np.frombuffer(values, np.uint8).reshape(height, width, 3))
            return
        flow = np.frombuffer(values, "<f4").reshape(height, width, 2)
        write_flow(place.with_suffix(".flo"), flow)
        torch.set_num_threads(self._threads)
        sharp, vectors = to_tensor(read_frame(before.sharp)), torch.from_numpy(flow.copy()).permute(2, 0, 1)
        warped = backward_warp(sharp[None], vectors[None])[0]
        write_frame(place, to_bytes(warped.permute(1, 2, 0).numpy()))

    def close(self) -> None:
        """End the progress bar's line, so that an error has one of its own."""
        self._bar.close()

    def _compare(self, frame: FrameFiles, values: bytes) -> None:
        """Note whether every frame so far is the sharp one, and one of them not the blurry one."""
        if self._perfect:
            self._perfect = frame.truth is not None and read_frame(frame.truth).tobytes() == values
            self._changed = self._changed or read_frame(frame.blurry).tobytes() != values

    def finish(self) -> None:
        """Refuse results that lack a frame, or that are the truth.

        Raises:
            MethodError: naming the first, or saying that all are the sharp frames, which no method gives.
        """
        if (missing := next(self._expected, None)) is not None:
            raise MethodError(f"{self._name}: {missing[0]}/{missing[2].name}: no such frame came; yield one per frame")
        if self._perfect and self._changed:
            raise MethodError(f"{self._name}: all of its frames are copies of the data set's sharp ones, no result; "
                              "name or make the method's own, or write `upper_bound: true` in method.yaml")  # fmt: skip


_Expected = Iterator[tuple[str, FrameFiles, FrameFiles]]
"""The video, the frame before and the frame itself."""


def _frames(clips: Sequence[ClipFiles]) -> _Expected:
    return ((clip.video, frame, frame) for clip in clips for frame in clip.frames)


def _motion_frames(clips: Sequence[ClipFiles]) -> _Expected:
    pairs = ((clip.video, zip(clip.frames, clip.frames[1:], strict=False)) for clip in clips)
    return ((video, before, frame) for video, frames in pairs for before, frame in frames)
