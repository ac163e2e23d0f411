"""PVDNet with its motion compensation (Sec. 3): every row of Tables 2 and 3 but the input."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.device import for_inference
from pvdbench.methods.clip import Clip
from pvdbench.networks.recurrence import deblur_frames
from pvdbench.networks.video_deblurrer import load_video_deblurrer


class Method:
    """Deblurs by the variant that the row's weights describe."""

    def load(self, weights: Mapping[str, Path], device: torch.device, **options: Any) -> None:
        """Read weights["network"], which holds PVDNet and its motion network."""
        self._device = device
        self._model = for_inference(load_video_deblurrer(weights["network"]), device)
        self.upper_bound = self._model.params.volume == "ideal"

    def parameters(self) -> Mapping[str, int]:
        """Count PVDNet's parameters and its motion network's."""
        motion = self._model.motion
        return {
            "deblur": sum(p.numel() for p in self._model.deblur.parameters()),
            "motion": sum(p.numel() for p in motion.parameters()) if motion is not None else 0,
        }

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame from its neighbours and the deblurred previous frame."""
        yield from deblur_frames(self._model, clip, self._device, clip.truth)
