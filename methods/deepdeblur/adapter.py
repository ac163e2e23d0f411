"""DeepDeblur (Nah et al., CVPR 2017): each frame by itself, at three scales."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, network, pyramid


class Method(TrainedMethod):
    """Deblurs by the network of the row's weights."""

    name, build, multiple = "deepdeblur", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame by itself."""
        for frame in clip:
            outputs = self._network(pyramid(self.ready(frame) * 255))
            yield self.cut(outputs[0] / 255, frame)
