"""One step of the framework of Fig. 2: motion, pixel volume and PVDNet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pvdbench.core.colour import gray
from pvdbench.core.errors import WeightsError
from pvdbench.core.warp import backward_warp
from pvdbench.io.weights import load_weights
from pvdbench.networks.from_weights import network_from_weights
from pvdbench.networks.liteflownet import EncodedFrame, LiteFlowNet
from pvdbench.networks.motion import MotionNetwork, motion_header, motion_network
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.pixel_volume import most_frequent, nearest, pixel_volume
from pvdbench.networks.pvdnet import PVDNet


class VideoDeblurrer(nn.Module):
    """One step of the framework of Fig. 2, without motion compensation where motion is None (zero flow)."""

    def __init__(self, params: NetworkParams, motion: MotionNetwork | None) -> None:
        super().__init__()
        self.params, self.motion = params, motion
        candidates = {"gray": params.size**2, "colour": 3 * params.size**2}.get(params.volume, 1)
        self.deblur = PVDNet(
            candidates=candidates,
            width=params.width,
            blocks=params.blocks,
            branch_width=params.branch_width,
            residual_width=params.residual_width,
        )

    def flow(self, current: Tensor, previous: Tensor) -> Tensor:
        """Estimate the flow (B, 2, H, W) from current to previous, frames in [-1, 1]; with gradient if trained."""
        return self._flow(current, previous, None)[0]

    def _flow(
        self, current: Tensor, previous: Tensor, before: EncodedFrame | None
    ) -> tuple[Tensor, EncodedFrame | None]:
        """Estimate the flow, with what was read of previous when it was current; return what was read of current."""
        if self.motion is None:
            return current.new_zeros(len(current), 2, *current.shape[2:]), None
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.params.train_motion):
            target, source = (current + 1) / 2, (previous + 1) / 2  # the authors feed BIMNet [0, 1]
            if not isinstance(self.motion, LiteFlowNet) or not self.motion.encodes_alike:
                return self.motion(target, source), None
            now = self.motion.encode(target)
            if before is None:
                before = now if previous is current else self.motion.encode(source, source=True)
            return self.motion.between(now, before), now

    def compensate(self, state: Tensor, flow: Tensor, current: Tensor, truth: Tensor | None = None) -> Tensor:
        """Return what PVDNet sees of state, the deblurred previous frame, by the flow from current to it.

        Raises:
            ValueError: if the volume is ideal and there is no truth to choose by.
        """
        if self.params.volume == "none":
            return gray(state)
        if self.params.volume == "warp":  # only candidate (0, 0), read bilinearly; gray, so that k is all that differs
            return backward_warp(gray(state), flow)
        how = {"size": self.params.size, "coordinates": self.params.coordinates}
        if self.params.volume == "colour":
            channels = zip(torch.split(state, 1, 1), torch.split(current, 1, 1), strict=True)
            return torch.cat([pixel_volume(one, flow, now, **how) for one, now in channels], 1)  # type: ignore[arg-type]
        volume = pixel_volume(gray(state), flow, gray(current), **how)  # type: ignore[arg-type]  # mypy joins the values
        if self.params.volume == "majority":
            return most_frequent(volume)
        if self.params.volume == "ideal":
            if truth is None:
                raise ValueError("the ideal volume chooses by the sharp frame, and there is none")
            return nearest(volume, gray(truth))
        return volume

    def forward(
        self,
        previous: Tensor,
        current: Tensor,
        following: Tensor,
        state: Tensor,
        truth: Tensor | None = None,
        flow: Tensor | None = None,
    ) -> Tensor:
        """Deblur current, as step does; return the next frame's state alone."""
        return self.step(previous, current, following, state, truth, flow=flow)[0]

    def step(
        self, previous: Tensor, current: Tensor, following: Tensor, state: Tensor, truth: Tensor | None = None,
        before: EncodedFrame | None = None, flow: Tensor | None = None,
    ) -> tuple[Tensor, EncodedFrame | None]:  # fmt: skip
        """Deblur current.

        Args:
            previous, current, following: (B, 3, H, W) blurry frames in [-1, 1]; H and W multiples of 4.
            state: (B, 3, H, W), the deblurred previous frame, not clamped.
            truth: (B, 3, H, W), the sharp current frame; only the ideal volume uses it.
            before: what the step before returned besides its frame, so that no frame is encoded twice.
            flow: (B, 2, H, W) from current to previous, where it is known already.

        Returns: (B, 3, H, W), not clamped: the next frame's state; and the next frame's before.
        """
        with torch.autocast(current.device.type, enabled=False):  # coordinates need float32
            flow, now = self._flow(current, previous, before) if flow is None else (flow, None)
            volume = self.compensate(state, flow, current, truth)
            if self.params.compensate == "output-and-frames":
                previous = backward_warp(previous, flow)
                following = backward_warp(following, self.flow(current, following))
        output: Tensor = self.deblur(previous, current, following, volume)
        return output, now


def architecture(model: VideoDeblurrer) -> dict[str, Any]:
    """Describe a model for the header of its weights file, fully enough to build it again."""
    motion = None if model.motion is None else motion_header(model.motion)
    return {"network": "pvdnet", "params": model.params.model_dump(), "motion": motion}


def load_video_deblurrer(path: Path) -> VideoDeblurrer:
    """Read the model of a weights file that a deblurring training wrote, its motion network inside.

    Raises:
        WeightsError: if the file is missing, damaged or of another network.
    """
    tensors, header = load_weights(path)
    if header.get("network") != "pvdnet":
        raise WeightsError(f"{path}: these are weights of {header.get('network') or 'no network'}, not of pvdnet; "
                           "name a row of `deblur` that has a network")  # fmt: skip
    return network_from_weights(lambda: untrained_deblurrer(header), tensors, path)


def untrained_deblurrer(header: Mapping[str, Any]) -> VideoDeblurrer:
    """Build the untrained model that a header describes; one that describes none fails in as many ways as there are."""
    motion = None if header["motion"] is None else motion_network(header["motion"])
    return VideoDeblurrer(NetworkParams(**header["params"]), motion)
