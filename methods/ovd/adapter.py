"""OVD (Kim et al., ICCV 2017): five frames in, one out, features passed on."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, RADIUS, network


class Method(TrainedMethod):
    """Deblurs by the network of the row's weights."""

    name, build, multiple = "ovd", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame from five and from the previous step; the ends of the clip repeat."""
        state = None
        for window in clip.windows(RADIUS):
            frames = self.ready(window) - 0.5
            output, state = self._network(frames, self._network.start(frames[:, 0]) if state is None else state)
            yield self.cut(output + 0.5, window)
