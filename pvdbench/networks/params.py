"""Keys `motion` and `deblur` of params.yaml: the rows of Tables 1 to 3 and their networks."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pvdbench.core.params import StrictModel

Coordinates = Literal["truncate", "round", "bilinear"]
"""The authors' code truncates towards zero; the paper does not say. bilinear is ours: the only one through which a
deblurring loss reaches the flow (MC_e2e+PV of Table 2)."""

Pair = Literal["ss", "sb", "bs", "bb"]
"""Sharp or blurry: the previous frame's kind, then the current frame's, as alpha and beta of Eq. (1)."""


class Finetune(StrictModel):
    """How a row's network is trained further, from the pre-trained or imported weights."""

    loss: Literal["blur-invariant", "blur-variant"]  # Eq. (1), Eq. (2)
    pairs: Annotated[list[Pair], Field(min_length=1)]


def _none(network: object) -> object:
    """Read the word `none`, which dvc.yaml needs where YAML would have nothing."""
    return None if network == "none" else network


class MotionRow(StrictModel):
    """One row of `motion`: a method of methods/, with or without a network that is trained for it."""

    method: str
    network: Annotated[Literal["liteflownet", "flownet2"] | None, BeforeValidator(_none)] = None  # params.yaml: or none
    weights: str | None = None  # in data/given, to start from in place of the pre-trained LiteFlowNet
    finetune: Finetune | None = None


Volume = Literal["none", "warp", "majority", "gray", "colour", "ideal"]
"""What PVDNet sees of its previous output: the output itself; warped; the most frequent candidate of its gray pixel
volume; all candidates (the paper's); all in colour; or the candidate nearest to the truth, an upper bound."""

Width = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class NetworkParams(StrictModel):
    """A variant of PVDNet and of its motion compensation."""

    volume: Volume
    size: Literal[1, 3, 5, 7] = 5  # k of the pixel volume
    coordinates: Coordinates = "truncate"
    width: Width = 1.0
    blocks: Annotated[int, Field(ge=1, le=1000)] = 12
    branch_width: Width | None = None  # of the input branches and level 1's first convolution; width if not given
    residual_width: Width | None = None  # of the residual blocks; width if not given
    compensate: Literal["output", "output-and-frames"] = "output"  # the paper's: only the previous output
    train_motion: bool = False  # MC_e2e of Table 2: the deblurring loss trains the flow, too


class DeblurRow(StrictModel):
    """One row of `deblur`: a method, the row of `motion` that it starts from, and PVDNet's variant if it is one."""

    method: str
    motion: str  # without a default, since dvc.yaml reads it, too
    network: NetworkParams | None = None
    weights: str | None = None  # in data/given: used as they are, nothing is trained
    options: dict[str, Any] = Field(default={})  # of the method, in place of those in its method.yaml
    training: dict[str, Any] = Field(
        default={}
    )  # keys of the recipe: its method.yaml's, or `training.deblur` for PVDNet
