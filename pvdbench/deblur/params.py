"""Key `deblur` of params.yaml: the rows of Tables 2 and 3."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pvdbench.core.params import StrictModel
from pvdbench.volume.params import Coordinates

Volume = Literal["none", "warp", "majority", "gray", "colour", "ideal"]
"""What PVDNet sees of its previous output: that itself; warped plainly; the most frequent candidate of its gray pixel
volume; all of them (the paper's); those in colour; or the one nearest to the truth, an upper bound."""

Width = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class NetworkParams(StrictModel):
    """A variant of PVDNet and of its motion compensation."""

    volume: Volume
    size: Literal[1, 3, 5, 7] = 5  # k of the pixel volume
    coordinates: Coordinates = "truncate"
    width: Width = 1.0
    blocks: Annotated[int, Field(ge=1)] = 12
    branch_width: Width | None = None  # of the input branches and level 1's first convolution, where it is another
    residual_width: Width | None = None  # of the residual blocks, where it is another
    compensate: Literal["output", "output-and-frames"] = "output"  # the paper's: the previous output alone
    train_motion: bool = False  # MC_e2e of Table 2: the deblurring loss trains the flow, too


class DeblurRow(StrictModel):
    """One row: a method of methods/, the row of `motion` that it starts from and its network, if it has one."""

    method: str
    motion: str  # no default: dvc.yaml reads it, too
    network: NetworkParams | None = None
    weights: str | None = None  # of data/given: used as they are, nothing is trained
    options: dict[str, Any] = Field(default={})  # of the method, where its method.yaml has them
    training: dict[str, Any] = Field(default={})  # over the recipe of its method.yaml
