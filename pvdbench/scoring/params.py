"""Key `protocols` of params.yaml: how frames are scored."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from pvdbench.core.params import StrictModel

ProtocolName = Literal[  # those of catalogue.PROTOCOLS; a test compares
    "koehler", "koehler-subpixel", "su-30", "plain-rgb", "eval-py", "luma-y", "crop-4", "matlab-ssim",
    "step-crop", "step-gain", "step-shift",
]  # fmt: skip


class VolumeParams(StrictModel):
    """Sec. 4.4: whose volumes are counted, and which rows deblur with a volume and with naive warping."""

    motion: str  # row of `motion`
    volume_row: str  # row of `deblur`
    warp_row: str  # row of `deblur`
    frames_per_video: Annotated[int, Field(ge=1)]
    tolerances: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]  # the c of "within +-c", in 0-255


class ProtocolParams(StrictModel):
    """The named protocols that every frame is scored by."""

    names: list[Literal[ProtocolName, "all"]]
    ranking: ProtocolName = "plain-rgb"  # whose PSNR of the blurry frame ranks frames by blur
    volume: VolumeParams

    @property
    def expanded(self) -> list[str]:
        """names, with `all` spelt out."""
        return list(get_args(ProtocolName)) if "all" in self.names else list(self.names)
