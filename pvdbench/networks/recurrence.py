"""The recurrence of Sec. 3.3 over a clip: each frame by its neighbours and the deblurred frame before it."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pvdbench.core.padding import padded
from pvdbench.networks.graphed import Step, graphed
from pvdbench.networks.kernels import kernels_take
from pvdbench.networks.liteflownet import EncodedFrame
from pvdbench.networks.pvdnet import MULTIPLE
from pvdbench.networks.transfers import downloaded, uploaded
from pvdbench.networks.video_deblurrer import VideoDeblurrer


def deblur_frames(
    model: VideoDeblurrer, clip: Sequence[Tensor], device: torch.device, truth: Sequence[Tensor] | None = None
) -> Iterator[Tensor]:
    """Deblur a clip frame by frame; sides that are not multiples of 4 are padded (the authors crop them).

    On a card, frames travel while others are computed; in bfloat16 (autocast entered outside) its steps are one graph.

    Args:
        model: on device.
        clip: (3, H, W) frames in [0, 1].
        truth: the sharp frames, used only by the ideal volume.

    Yields: (3, H, W) frames in [0, 1], on the CPU.
    """
    if len(clip):
        yield from downloaded(_states(model, clip, device, truth), device)


def _states(
    model: VideoDeblurrer, clip: Sequence[Tensor], device: torch.device, truth: Sequence[Tensor] | None
) -> Iterator[Tensor]:
    """Compute one frame after the other, (3, H, W) in [0, 1] on device."""

    def ready(frames: Sequence[Tensor]) -> Iterator[Tensor]:
        return (padded(frame, MULTIPLE)[None] * 2 - 1 for frame in uploaded(frames, device))

    step, frames = _Steps(model, device), ready(clip)
    sharp = None if truth is None else ready(truth)
    h, w = clip[0].shape[1:]
    previous = current = state = next(frames)  # Sec. 4.1: the first frame is its own past
    for _ in range(len(clip)):
        following = next(frames, current)
        state = step(previous, current, following, state, None if sharp is None else next(sharp))
        yield ((state[0, :, :h, :w] + 1) / 2).clamp(0, 1)
        previous, current = current, following


class _Steps:
    """One step after another over a clip: each frame encoded once, or the whole step a CUDA graph."""

    def __init__(self, model: VideoDeblurrer, device: torch.device) -> None:
        self._model, self._device = model, device
        self._before: EncodedFrame | None = None
        self._graph: Step[Tensor] | None = None

    def __call__(
        self, previous: Tensor, current: Tensor, following: Tensor, state: Tensor, truth: Tensor | None
    ) -> Tensor:
        if truth is None and torch.is_autocast_enabled(self._device.type) and kernels_take(previous):
            with torch.autocast(self._device.type, enabled=False):  # a graph enters it itself
                frames = (previous, current, following, state)
                self._graph = self._graph or graphed(self._mixed, *frames)
                return self._graph(*frames)
        state, self._before = self._model.step(previous, current, following, state, truth, self._before)
        return state

    def _mixed(self, *frames: Tensor) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16):
            output: Tensor = self._model(*frames)
            return output.float()
