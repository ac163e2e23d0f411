"""DeepDeblur (Nah et al., CVPR 2017): each frame alone, at three scales."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, network, pyramid


class Method(TrainedMethod):
    """The network of the row's weights."""

    name, build, multiple = "deepdeblur", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Each frame by itself."""
        for frame in clip:
            outputs = self._network(pyramid(self.ready(frame) * 255))
            yield self.cut(outputs[0] / 255, frame)
