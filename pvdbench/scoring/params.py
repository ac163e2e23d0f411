"""Key `protocols` of params.yaml: how frames are scored."""

from typing import Annotated

from pydantic import Field, field_validator

from pvdbench.core.params import StrictModel
from pvdbench.scoring.protocol import PSNR
from pvdbench.scoring.registry import choices, named_protocols, protocols


class VolumeParams(StrictModel):
    """Sec. 4.4: whose volumes are counted, and which rows deblur with a volume and with naive warping."""

    motion: str  # row of `motion`
    volume_row: str  # row of `deblur`
    warp_row: str  # row of `deblur`
    frames_per_video: Annotated[int, Field(ge=1)]
    tolerances: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]  # the c of "within +-c", in 0-255


class ProtocolParams(StrictModel):
    """The named protocols that every frame is scored by; the registry knows their names."""

    names: list[str]
    ranking: str = "plain-rgb"  # whose PSNR of the blurry frame ranks frames by blur
    volume: VolumeParams

    @field_validator("names")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        named_protocols(names)
        return names

    @field_validator("ranking")
    @classmethod
    def _ranks(cls, name: str) -> str:
        if name not in _with_psnr(choices(any_frames=True)):
            ranking = ", ".join(_with_psnr(choices(any_frames=True)))
            raise ValueError(f"frames cannot be ranked by this; choose a protocol with PSNR: {ranking}")
        return name

    @property
    def tabled(self) -> list[str]:
        """Those of names that give PSNR, which the paper's tables are made of."""
        return _with_psnr([protocol.name for protocol in named_protocols(self.names)])


def _with_psnr(names: list[str]) -> list[str]:
    return [name for name in names if PSNR in protocols()[name].metrics]
