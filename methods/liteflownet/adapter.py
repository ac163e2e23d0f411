"""LiteFlowNet (Hui et al., CVPR 2018) and its fine-tunings of Table 1."""

from pvdbench.networks.motion import NetworkEstimator


class Method(NetworkEstimator):
    """Estimates flow by the network of the row's weights."""
