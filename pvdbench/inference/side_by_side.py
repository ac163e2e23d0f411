"""Reading the next frame and writing the last one while a method computes, on a thread each."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import overload

from torch import Tensor

from pvdbench.io.images import Frame
from pvdbench.methods.clip import Clip

Write = Callable[[int, Frame], None]
"""Takes a frame's number and its values."""


class AheadClip(Clip):
    """A clip of which the frame after the one that was asked for last is read already."""

    def __init__(self, clip: Clip, thread: ThreadPoolExecutor) -> None:
        """Read clip on a thread, which must be one alone: a video is read by one at a time."""
        super().__init__([], truth=clip.truth, video=clip.video, names=clip.names)
        self._clip, self._thread = clip, thread
        self._ahead: tuple[int, Future[Tensor]] | None = None

    def __len__(self) -> int:
        return len(self._clip)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Clip: ...
    def __getitem__(self, index: int | slice) -> Tensor | Clip:
        if isinstance(index, slice):
            return self._clip[index]
        number, found = self._ahead or (None, None)
        if found is None or number != index:
            found = self._thread.submit(self._clip.__getitem__, index)
        frame = found.result()
        if 0 <= index < len(self) - 1:
            self._ahead = index + 1, self._thread.submit(self._clip.__getitem__, index + 1)
        return frame


@contextmanager
def read_ahead(clip: Clip) -> Iterator[Clip]:
    """Within the block, the clip's next frame is read while its last one is used."""
    with ThreadPoolExecutor(1, "read") as thread:
        yield AheadClip(clip, thread)


@contextmanager
def written_behind(write: Write) -> Iterator[Write]:
    """Within the block, what is returned takes a frame and writes it while the next one is computed.

    At most one frame waits. What writing raises comes with the next frame, or at the end of the block.
    """
    with ThreadPoolExecutor(1, "write") as thread:
        pending: list[Future[None]] = []

        def behind(number: int, frame: Frame) -> None:
            if pending:
                pending.pop().result()
            pending.append(thread.submit(write, number, frame))

        yield behind
        for last in pending:
            last.result()
