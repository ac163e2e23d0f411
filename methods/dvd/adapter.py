"""DVD (Su et al., CVPR 2017): five frames in, one out; DVD-noMC and, by `align: tvl1`, DVD-MC."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pvdbench.methods.clip import Clip
from pvdbench.methods.network_method import TrainedMethod

from .network import MULTIPLE, RADIUS, deblurred, network


class Method(TrainedMethod):
    """Deblurs by the network of the row's weights."""

    name, build, multiple = "dvd", staticmethod(network), MULTIPLE

    @torch.inference_mode()
    def deblur(self, clip: Clip) -> Iterator[Tensor]:
        """Deblur each frame from five; the ends of the clip repeat."""
        for window in clip.windows(RADIUS):
            yield self.cut(deblurred(self._network, self.ready(window)), window)
