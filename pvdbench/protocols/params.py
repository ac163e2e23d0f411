"""Key `protocols` of params.yaml: how frames are scored."""

from typing import Literal

from pvdbench.core.params import StrictModel

ProtocolName = Literal["koehler", "plain"]  # those of catalogue.PROTOCOLS; a test compares


class VolumeParams(StrictModel):
    """Sec. 4.4: whose volumes are counted, and which rows deblur with a volume and with naive warping."""

    motion: str  # row of `motion`
    volume_row: str  # row of `deblur`
    warp_row: str  # row of `deblur`
    frames_per_video: int
    tolerances: list[int]  # the c of "within +-c", in 0-255


class ProtocolParams(StrictModel):
    """The named protocols that every frame is scored by."""

    names: list[ProtocolName]
    volume: VolumeParams
