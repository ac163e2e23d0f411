"""FlowNet2 (Ilg et al., CVPR 2017), by imported weights: `pvdbench weights import FlowNet2_checkpoint.pth.tar`."""

from pvdbench.motion.flownet2_estimator import FlowNet2Estimator


class Method(FlowNet2Estimator):
    """The network of the row's weights."""
