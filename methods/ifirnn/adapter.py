"""IFI-RNN (Nah et al., CVPR 2019): frame after frame, a hidden state passed on; IFI-RNN-L by its options."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, network


class Method(TrainedMethod):
    """Deblurs by the network of the row's weights."""

    name, build, multiple = "ifirnn", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame from itself and the hidden state."""
        hidden = None
        for frame in clip:
            blurry = self.ready(frame) - 0.5
            output, hidden = self._network(blurry, self._network.start(blurry) if hidden is None else hidden)
            yield self.cut(output + 0.5, frame)
