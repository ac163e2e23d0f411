"""BIMNet (Sec. 3.1): LiteFlowNet's network, trained with the blur-invariant loss."""

from pvdbench.motion.estimator import LiteFlowNetEstimator


class Method(LiteFlowNetEstimator):
    """The network of the row's weights."""
