"""Key `deblur` of params.yaml: the rows of Tables 2 and 3."""

from typing import Literal

from pvdbench.core.params import StrictModel
from pvdbench.volume.params import Coordinates


class NetworkParams(StrictModel):
    """A variant of PVDNet and of its motion compensation."""

    volume: Literal["warp", "gray"]  # the previous output warped plainly, or its gray pixel volume
    size: int = 5  # k of the pixel volume
    coordinates: Coordinates = "truncate"
    width: float = 1.0
    blocks: int = 12
    train_motion: bool = False  # MC_e2e of Table 2: the deblurring loss trains the flow, too


class DeblurRow(StrictModel):
    """One row: a method of methods/, the row of `motion` that it starts from and its network, if it has one."""

    method: str
    motion: str  # no default: dvc.yaml reads it, too
    network: NetworkParams | None = None
