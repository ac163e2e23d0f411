"""SRN-DeblurNet (Tao et al., CVPR 2018): each frame by itself, at three scales with memory."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, network


class Method(TrainedMethod):
    """Deblurs by the network of the row's weights."""

    name, build, multiple = "srn", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame by itself."""
        for frame in clip:
            yield self.cut(self._network(self.ready(frame))[-1], frame)
