"""FlowNet2 (Ilg et al., CVPR 2017), by imported weights: `pvdbench weights import FlowNet2_checkpoint.pth.tar`."""

from pvdbench.networks.motion import NetworkEstimator


class Method(NetworkEstimator):
    """Estimates flow by the network of the row's weights."""
