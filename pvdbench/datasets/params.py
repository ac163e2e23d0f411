"""data/params.yaml: what each rendered data set consists of."""

from typing import Annotated, Literal

from pydantic import Field

from pvdbench.core.params import StrictModel

Photograph = Literal[
    "astronaut", "brick", "cameraman", "cat", "coffee", "grass", "gravel", "hubble", "motorcycle", "page", "retina",
    "rocket", "text", "tissue",
]  # fmt: skip
"""The photographs that the wheel of scikit-image holds and a clip may film; others of it would be downloaded."""

Photographs = Annotated[list[Photograph], Field(min_length=1)]
DatasetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]  # a folder, and a word of a command
Side = Annotated[int, Field(ge=32)]
Amplitude = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RenderParams(StrictModel):
    """One rendered data set; its clips film the photographs in turn."""

    seed: Annotated[int, Field(ge=0)]
    train: Photographs  # one clip each; a name may come more than once
    test: Photographs
    frames: Annotated[int, Field(ge=2)]
    width: Annotated[int, Field(ge=32)]
    height: Annotated[int, Field(ge=32)]
    subframes: Annotated[int, Field(ge=1)]  # averaged for one blurry frame; the sharp one is the middle one
    camera: Amplitude  # speed of the camera in pixels per frame, root mean square over a clip
    foreground: Amplitude  # the same for the foreground's own motion
    bursts: Amplitude  # how many times faster a burst of shake is than the calm around it


class Subset(StrictModel):
    """A part of another data set, for a study that has to be small."""

    of: DatasetName
    videos: Annotated[int, Field(ge=1)] | None = None  # the first ones of each split by name
    frames: Annotated[int, Field(ge=2)] | None = None  # the first ones of each video
    size: Annotated[tuple[Side, Side], Field(strict=False)] | None = None  # width, height of a centred crop


class DataParams(StrictModel):
    """All rendered data sets, and parts of any."""

    sample: RenderParams
    smoke: RenderParams
    subsets: dict[DatasetName, Subset] = Field(default={})
