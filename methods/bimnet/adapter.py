"""BIMNet (Sec. 3.1): LiteFlowNet's network, trained with the blur-invariant loss."""

from pvdbench.networks.motion import NetworkEstimator


class Method(NetworkEstimator):
    """Estimates flow by the network of the row's weights."""
