"""What comes back from a method's process, bytes frame by frame; each clip appears when it is whole."""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Never

import numpy as np
import torch

from pvdbench.core.errors import MethodError, shorten
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.inference.cost import ClipCost, read_clip_cost
from pvdbench.inference.finished import FinishedClips, Likeness
from pvdbench.io.flow import write_flow
from pvdbench.io.images import frame_size, read_frame, to_bytes, write_frame
from pvdbench.methods.card import Task
from pvdbench.methods.clip import to_tensor

_LENGTH = {"deblur": 3, "motion": 8}  # bytes per pixel: 8-bit RGB; (x, y) as float32


class Attention:
    """What is told while results come in; this one takes no notice."""

    def began(self, number: int) -> None:
        """Hear that a clip's first frame came."""

    def wrote(self) -> None:
        """Hear that a frame was written."""

    def ends(self, number: int) -> bytes:  # noqa: ARG002
        """Hear that a clip's last frame was written; return what a program printed over the clip."""
        return b""


class Results:
    """Writes what a row gives, in the order of the clips: FRAME.png of each, and FRAME.flo for motion.

    For motion the PNG file is the sharp frame before, warped by the flow; it is read here, out of the method's sight.
    """

    def __init__(
        self, task: Task, name: str, clips: Mapping[int, ClipFiles], finished: FinishedClips, threads: int,
        attention: Attention | None = None,
    ) -> None:  # fmt: skip
        """Wait for the first frame.

        Args:
            name: for messages.
            clips: by their number in the row.
            finished: where they go.
            threads: of the warping.
            attention: who is told.
        """
        self._task, self._name, self._clips, self._finished, self._threads = task, name, clips, finished, threads
        self._attention = attention or Attention()
        self._missing: str | None = ""
        self._receiver = self._received()
        next(self._receiver)

    def take(self, values: bytes) -> None:
        """Write the next frame, or after a clip's last one what the clip cost.

        Args:
            values: (H, W, 3) uint8, or for motion (H, W, 2) float32, little-endian; what CostMeter.clip made.

        Raises:
            MethodError: if no frame is left to come, or it is of another size.
            DataError: if the sharp frame that is to be warped is damaged.
        """
        self._receiver.send(values)

    def finish(self) -> None:
        """Refuse results that lack a frame.

        Raises:
            MethodError: naming the first.
        """
        if self._missing is not None:
            raise MethodError(f"{self._name}: {self._missing}: no such frame came; yield one per frame")

    def close(self) -> None:
        """Drop the clip that is not whole."""
        self._receiver.close()

    def _received(self) -> Generator[None, bytes, None]:
        for number, clip in self._clips.items():
            with self._finished.adding(number) as (folder, done):
                size, likeness = frame_size(clip.frames[0].blurry), Likeness(possible=self._task == "deblur")
                for t, (before, frame) in enumerate(_pairs(self._task, clip)):
                    self._missing = f"{clip.video}/{frame.name}"
                    values = yield
                    if t == 0:
                        self._attention.began(number)
                    if len(values) != size[0] * size[1] * _LENGTH[self._task]:
                        raise MethodError(f"{self._name}: {self._missing}: not of {size[0]}x{size[1]}; keep the "
                                          "frame's size")  # fmt: skip
                    self._write(folder / f"{frame.name}.png", before, values, *size)
                    likeness.look(frame, values)
                    self._attention.wrote()
                self._missing = f"the cost of {clip.video}"
                done(self._cost(clip, (yield)), likeness, self._attention.ends(number))
        self._missing = None
        yield
        self._refuse_more()

    def _cost(self, clip: ClipFiles, values: bytes) -> ClipCost:
        try:
            return read_clip_cost(values)
        except ValueError as error:
            if not values.startswith(b"{"):
                self._refuse_more()
            raise MethodError(f"{self._name}: {clip.video}: what it cost cannot be read ({shorten(error)}); let "
                              "`parameters` return whole numbers by part") from error  # fmt: skip

    def _refuse_more(self) -> Never:
        raise MethodError(f"{self._name}: more frames came than there are; yield one per frame")

    def _write(self, place: Path, before: FrameFiles, values: bytes, width: int, height: int) -> None:
        if self._task == "deblur":
            write_frame(place, np.frombuffer(values, np.uint8).reshape(height, width, 3))
            return
        flow = np.frombuffer(values, "<f4").reshape(height, width, 2)
        write_flow(place.with_suffix(".flo"), flow)
        torch.set_num_threads(self._threads)
        sharp, vectors = to_tensor(read_frame(before.sharp)), torch.from_numpy(flow.copy()).permute(2, 0, 1)
        warped = backward_warp(sharp[None], vectors[None])[0]
        write_frame(place, to_bytes(warped.permute(1, 2, 0).numpy()))


def _pairs(task: Task, clip: ClipFiles) -> Iterator[tuple[FrameFiles, FrameFiles]]:
    """Pair each frame that is to come with the one before, which flow leads to."""
    if task == "motion":
        return iter(zip(clip.frames, clip.frames[1:], strict=False))
    return ((frame, frame) for frame in clip.frames)
