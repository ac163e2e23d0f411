"""Key `protocols` of params.yaml: how frames are scored."""

from typing import Annotated

from pydantic import Field, field_validator

from pvdbench.core.params import StrictModel
from pvdbench.scoring.registry import choices, named_protocols


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
        named_protocols([name], any_frames=True)
        return name

    @property
    def expanded(self) -> list[str]:
        """names, with `all` spelt out."""
        return choices() if "all" in self.names else list(self.names)
