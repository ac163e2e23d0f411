"""Key `motion` of params.yaml: the rows of Table 1."""

from typing import Literal

from pvdbench.core.params import StrictModel

Pair = Literal["ss", "sb", "bs", "bb"]
"""Sharp or blurry: the previous frame's kind, then the current frame's, as alpha and beta of Eq. (1)."""


class Finetune(StrictModel):
    """How a row's network goes on from the pre-trained or given one."""

    loss: Literal["blur-invariant", "blur-variant"]  # Eq. (1), Eq. (2)
    pairs: list[Pair]


class MotionRow(StrictModel):
    """One row: a method of methods/, with or without a network that is trained for it."""

    method: str
    network: Literal["liteflownet", "flownet2"] | None = None
    weights: str | None = None  # of data/given, to start from in place of the pre-trained LiteFlowNet
    finetune: Finetune | None = None
