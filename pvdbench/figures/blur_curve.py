"""PSNR against the quantile of blur as curves, with bands over clips: Table 2 from blurriest to sharpest frames."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from pvdbench.analysis import intervals
from pvdbench.analysis.groups import TENTHS
from pvdbench.analysis.intervals import Interval
from pvdbench.analysis.scores import Scores
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture, colour, marker, math_label, page_size, plot_style, save_plot, spread_values
from pvdbench.study.table_params import TableParams
from pvdbench.tables.inputs import Context

_MIDDLES = (np.arange(TENTHS) + 0.5) * 100 / TENTHS
_LINE = 0.055  # of the height of an axis: a label's line
_PANELS = 3  # side by side
_PALE = "#c9c9c9"


@dataclass(frozen=True)
class _Curve:
    """One row's means in every tenth, from the blurriest on; number is its place in Table 2."""

    label: str
    number: int
    tenths: Sequence[Interval]

    @property
    def there(self) -> list[int]:
        """The tenths that have frames which are not all identical to the truth."""
        return [tenth for tenth, interval in enumerate(self.tenths) if math.isfinite(interval.mean)]

    @property
    def means(self) -> list[float]:
        """Of the tenths that are there."""
        return [self.tenths[tenth].mean for tenth in self.there]

    def line(self, axes: Axes) -> None:
        """Draw the means."""
        tint = colour(self.number)
        axes.plot(_MIDDLES[self.there], self.means, color=tint, marker=marker(self.number), markersize=4, linewidth=1.4)

    def band(self, axes: Axes, alpha: float) -> None:
        """Draw the intervals."""
        low, high = ([getattr(self.tenths[tenth], bound) for tenth in self.there] for bound in ("low", "high"))
        axes.fill_between(_MIDDLES[self.there], low, high, color=colour(self.number), alpha=alpha, linewidth=0)


def pictures(inputs: FigureInputs) -> Iterator[Picture]:
    """Draw the figure where the rows that it compares have a result."""
    if inputs.compares:
        yield quantile_picture(inputs.context, inputs.params, inputs.deblur, inputs.folder)


def quantile_picture(context: Context, params: TableParams, scores: Scores, folder: Path) -> Picture:
    """Write DATASET-quantiles.svg: every row's PSNR in one panel, and in a panel per row what it gains over the worst.

    Args:
        scores: of the rows of Tables 2 and 3.
    """
    file = f"{context.dataset}-quantiles.svg"
    worse, better = params.figures.deblur.worse, params.figures.deblur.better
    curves = _curves(params, scores, None)
    gains = {row: gain for row, gain in _curves(params, scores, worse).items() if row != worse}
    with plot_style():
        figure = Figure(figsize=(10.4, 4.4), layout="constrained")
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.25))[0]
        _draw_psnr(left.subplots(), curves, {worse, better})
        if gains:  # a study of one method has none
            _draw_gains(right, list(gains.values()), math_label(params.deblur_labels[worse]))
        save_plot(figure, folder / file)
    title = f"PSNR by quantile of blur: {context.dataset}"
    caption = (
        f"Measured on {context.data} under the protocol {context.protocol}. {context.ranked} Each point is a tenth of "
        f"each clip's frames. Bands are 95 % intervals over clips, at the left of {params.deblur_labels[worse]} and "
        f"{params.deblur_labels[better]} alone; at the right differences are paired frame by frame.{_left_out(curves)}"
    )
    return Picture(
        file, context.dataset, title, caption, f"{title}, a line for each row of Table 2", *page_size(figure), "by-blur"
    )


def _curves(params: TableParams, scores: Scores, base: str | None) -> dict[str, _Curve]:
    return {
        row: _Curve(math_label(label), number, _tenths(scores, row, base))
        for number, (row, label) in enumerate(params.table2.items())
    }


def _tenths(scores: Scores, row: str, base: str | None) -> list[Interval]:
    """A row's PSNR in every tenth, or what it gains over another."""
    parts = [scores[row][scores[row]["tenth"] == tenth] for tenth in range(TENTHS)]
    if base is None:
        return [intervals.mean(part["psnr_db"], part["video"]) for part in parts]
    psnr = scores[base]["psnr_db"]
    return [intervals.difference(part["psnr_db"], psnr[part.index], part["video"]) for part in parts]


def _draw_psnr(axes: Axes, curves: Mapping[str, _Curve], banded: set[str]) -> None:
    for row, curve in curves.items():
        curve.line(axes)
        if row in banded:
            curve.band(axes, 0.13)
    axes.set(title="PSNR (dB)", xlim=(0, 138), xlabel="quantile of blur (%), blurriest first")
    axes.set_xticks(range(0, 101, 20))
    axes.spines["bottom"].set_bounds(0, 100)
    _name_lines(axes, [curve for curve in curves.values() if curve.there])


def _name_lines(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Each line's name at its right end, moved apart."""
    low, high = axes.get_ylim()
    places = spread_values([curve.means[-1] for curve in curves], _LINE * (high - low))
    for curve, place in zip(curves, places, strict=True):
        tint, right = colour(curve.number), _MIDDLES[curve.there[-1]]
        axes.plot((right, 101, 104), (curve.means[-1], place, place), color=tint, linewidth=0.6, alpha=0.7)
        axes.plot(104, place, color=tint, marker=marker(curve.number), markersize=4)
        axes.text(106.5, place, curve.label, va="center", size=8)
    room = _LINE * (high - low)
    axes.set_ylim(min([low, *(place - room for place in places)]), max([high, *(place + room for place in places)]))


def _draw_gains(figure: SubFigure, gains: Sequence[_Curve], base: str) -> None:
    """A panel a row, the others pale behind it."""
    lines = math.ceil(len(gains) / _PANELS)
    panels = figure.subplots(lines, _PANELS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, curve in zip(panels, gains, strict=False):
        for other in gains:
            axes.plot(_MIDDLES[other.there], other.means, color=_PALE, linewidth=0.8)
        axes.axhline(0, color="#8a8a8a", linewidth=0.8)
        curve.band(axes, 0.22)
        curve.line(axes)
        axes.set_title(curve.label, size=8.5)
        axes.set(xlim=(0, 100), xticks=(0, 50, 100))
    for axes in panels[len(gains) :]:
        axes.remove()
    figure.suptitle(f"Gain over {base} (dB), with 95 % intervals", x=0.02, ha="left", size=9.5)
    figure.supxlabel("quantile of blur (%), blurriest first", size=8.5)


def _left_out(curves: Mapping[str, _Curve]) -> str:
    frames = sum(interval.identical for curve in curves.values() for interval in curve.tenths)
    return f" {frames} frames of all rows together are identical to the truth and left out." if frames else ""
