"""The registry of figures: each module that draws figures of a data set is named here, in the order of the report."""

from collections.abc import Callable, Iterable

from pvdbench.figures import blur_curve, blurriness, examples, protocols, warp
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture

FIGURES: tuple[Callable[[FigureInputs], Iterable[Picture]], ...] = (
    examples.pictures,
    warp.pictures,
    blur_curve.pictures,
    blurriness.pictures,
    protocols.pictures,
)
"""Each draws the figures of one data set; a picture's `part` is the report's heading that it stands under."""
