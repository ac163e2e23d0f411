"""Frames to a graphics card and back through pinned memory, while it computes."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor


def uploaded(frames: Iterable[Tensor], device: torch.device) -> Iterator[Tensor]:
    """Yield frames on a device; on a card, each after the next one was read and its copy begun.

    Args:
        frames: on the CPU.
    """
    if device.type != "cuda":
        yield from (frame.to(device) for frame in frames)
        return
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    yield from _one_behind(frames, lambda frame: _upload(frame, device, stream))


def downloaded(frames: Iterable[Tensor], device: torch.device) -> Iterator[Tensor]:
    """Yield on the CPU what a device computes; on a card, each frame after the next one's computation was begun.

    Args:
        frames: on the device, each computed when asked for.
    """
    if device.type != "cuda":
        yield from (frame.cpu() for frame in frames)
        return
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    yield from _one_behind(frames, lambda frame: _download(frame, stream))


Arrival = Callable[[], Tensor]


def _one_behind(frames: Iterable[Tensor], begin: Callable[[Tensor], Arrival]) -> Iterator[Tensor]:
    """Begin each frame's copy, then yield the frame before it, arrived."""
    coming: Arrival | None = None
    for frame in frames:
        begun = begin(frame)
        if coming is not None:
            yield coming()
        coming = begun
    if coming is not None:
        yield coming()


def _upload(frame: Tensor, device: torch.device, stream: torch.cuda.Stream) -> Arrival:
    with torch.cuda.stream(stream):
        there = frame.pin_memory().to(device, non_blocking=True)
        done = stream.record_event()

    def arrived() -> Tensor:
        computing = torch.cuda.current_stream(device)
        computing.wait_event(done)
        there.record_stream(computing)  # its memory is not given away before what reads it there
        return there

    return arrived


def _download(frame: Tensor, stream: torch.cuda.Stream) -> Arrival:
    stream.wait_stream(torch.cuda.current_stream(frame.device))
    with torch.cuda.stream(stream):
        here = torch.empty(frame.shape, dtype=frame.dtype, pin_memory=True)
        here.copy_(frame, non_blocking=True)
        frame.record_stream(stream)
        done = stream.record_event()

    def arrived() -> Tensor:
        done.synchronize()
        return here

    return arrived
