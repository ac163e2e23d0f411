"""Key `tables` of params.yaml: which rows the paper's tables and figures show, and how frames are grouped."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from pvdbench.core.params import StrictModel

PixelBox = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=4, max_length=4)]
"""Top, left, height and width."""


class ExampleParams(StrictModel):
    """Frames shown as in Fig. 6 or 7: those where one row gains most over another, each from another clip.

    Attributes:
        frame: a clip and one of its frames, instead of those.
        boxes: the two magnified parts as top, left, height and width in pixels, instead of those where better is
            closest to the truth compared with worse.
    """

    rows: list[str] = Field(min_length=1)
    better: str
    worse: str
    count: int = Field(default=1, ge=1)
    frame: list[str] | None = Field(default=None, min_length=2, max_length=2)
    boxes: list[PixelBox] | None = Field(default=None, min_length=2, max_length=2)


class ComparisonParams(ExampleParams):
    """One frame, the boxes of every row side by side: as Fig. 1, 8 and 9; `like` says which, for the title."""

    like: str


class WarpParams(StrictModel):
    """As Fig. 4: what can be warped out of a pixel volume of a row's frames by the flow of a motion row.

    Attributes:
        outputs: kind of warping (naive, majority, ideal) to the row of `deblur` that is trained on it; ideal stands
            for the pixel volume itself, as in the paper.
    """

    motion: str
    outputs: dict[Literal["naive", "majority", "ideal"], str]


class QualitativeParams(StrictModel):
    """Videos without truth, deblurred and shown, not measured: rows of `deblur` on the first `count` clips of each."""

    datasets: list[str] = Field(default=[])
    rows: list[str] = Field(default=[])
    count: int = Field(default=1, ge=1)


class FigureParams(StrictModel):
    """What the figures show: `flow` like Fig. 6, `deblur` like Fig. 7, PSNR against blurriness in `bins` groups.

    Attributes:
        viewer_megabytes: how much the pictures of the report's viewer may weigh, all data sets together.
    """

    flow: ExampleParams
    deblur: ExampleParams
    compare: dict[str, ComparisonParams] = Field(default={})  # file name to what it shows
    warp: WarpParams | None = None
    qualitative: QualitativeParams = Field(default=QualitativeParams())
    bins: int = Field(ge=1)
    viewer_megabytes: int = Field(default=1000, ge=1)


class LensParams(StrictModel):
    """Which row of `deblur` is shown under every protocol."""

    row: str


def _unique(percents: list[float]) -> list[float]:
    if len(set(percents)) < len(percents):
        raise PydanticCustomError("unique", "Name each percentage once")
    return percents


Percent = Annotated[float, Field(gt=0, le=50)]
"""How much of each video the sharpest and the blurriest frames are; above a half they would overlap."""


class TableParams(StrictModel):
    """The tables of every test data set; table1 to table4 name rows of `motion` and `deblur` as the paper does.

    Attributes:
        percent: what the tables are made with; Sec. 4.2 takes the sharpest and blurriest 10 % of each video.
        percents: what the report can be switched to, beside percent.
    """

    protocol: str
    percent: Percent = 10
    percents: Annotated[list[Percent], AfterValidator(_unique)] = Field(default=[5, 10, 20, 50])
    about: dict[str, str] = Field(default={})  # data set to a few words for captions, such as "rendered"
    table1: dict[str, str]
    table2: dict[str, str]
    table3: dict[str, str]
    table4: dict[str, str] = Field(default={})  # other methods, Table 5 on its data set
    variants: dict[str, str] = Field(default={})  # of the pixel volume and of what it compensates
    lens: LensParams | None = None
    published: dict[str, str] = Field(default={})  # row of `deblur` to its method_name in data/published
    figures: FigureParams

    @property
    def percent_choices(self) -> tuple[float, ...]:
        """Every percentage that the report shows, in ascending order."""
        return tuple(sorted({self.percent, *self.percents}))

    @property
    def deblur_labels(self) -> dict[str, str]:
        """The rows of all tables but Table 1; one that is in several goes by its label in the first."""
        labels = dict(self.table2)
        for others in (self.table3, self.table4, self.variants):
            labels |= {row: label for row, label in others.items() if row not in labels}
        return labels
