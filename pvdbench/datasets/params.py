"""data/params.yaml: what each rendered data set consists of."""

from typing import Annotated

from pydantic import Field

from pvdbench.core.params import StrictModel

Count = Annotated[int, Field(ge=1)]


class RenderParams(StrictModel):
    """One rendered data set; its clips film the photographs in turn."""

    seed: int
    train: list[str]  # photographs of scikit-image by name, one clip each; a name may come more than once
    test: list[str]
    frames: Annotated[int, Field(ge=2)]
    width: Annotated[int, Field(ge=32)]
    height: Annotated[int, Field(ge=32)]
    subframes: Count  # averaged for one blurry frame; the sharp one is the middle one
    camera: Annotated[float, Field(ge=0)]  # speed of the camera in pixels a frame, root mean square over a clip
    foreground: Annotated[float, Field(ge=0)]  # the same for the foreground's own motion
    bursts: Annotated[float, Field(ge=0)]  # how many times faster a burst of shake is than the calm around it


class DataParams(StrictModel):
    """All rendered data sets."""

    sample: RenderParams
    smoke: RenderParams
