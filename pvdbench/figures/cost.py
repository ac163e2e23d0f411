"""Quality against cost: a point a row, PSNR over milliseconds and over multiply-adds a frame."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvdbench.figures.style import Picture, colour, legend_beside, marker, math_label, page_size, plot_style, save_plot
from pvdbench.tables.captions import Context
from pvdbench.tables.cost import RowCost


def cost_picture(context: Context, costs: Sequence[RowCost], folder: Path) -> Picture:
    """Write DATASET-cost.svg; a row whose cost or PSNR is not known has no point."""
    file = f"{context.dataset}-cost.svg"
    panels: dict[str, Callable[[RowCost], float]] = {
        f"milliseconds a frame of {context.width}x{context.height}": lambda cost: cost.milliseconds,
        "thousand million multiply-adds a frame of 1280x720": lambda cost: cost.multiply_adds_g,
    }
    with plot_style():
        figure = Figure(figsize=(10.4, 3.6), layout="constrained")
        for axes, (what, of) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
            _draw(axes, costs, of)
            axes.set(title="PSNR (dB)", xlabel=what, xscale="log")
        legend_beside(figure, figure.axes[0])
        save_plot(figure, folder / file)
    title = f"Quality against cost: {context.dataset}"
    caption = (
        f"Measured on {context.data} under the protocol {context.protocol}; up and to the left is better. Bars are "
        "95 % intervals over clips. Rows without learned parameters have no multiply-adds to count; the table beside "
        "says on which machine."
    )
    return Picture(file, context.dataset, title, caption, f"{title}, a point for each row", *page_size(figure), "cost")


def _draw(axes: Axes, costs: Sequence[RowCost], of: Callable[[RowCost], float]) -> None:
    for number, cost in enumerate(costs):
        known = of(cost) > 0 and math.isfinite(cost.psnr.mean)
        x, y = ([of(cost)], [cost.psnr.mean]) if known else ([], [])
        axes.plot(x, y, color=colour(number), marker=marker(number), linestyle="", label=math_label(cost.label))
        if known and not math.isnan(cost.psnr.low):
            axes.vlines(x, cost.psnr.low, cost.psnr.high, color=colour(number), linewidth=0.9, alpha=0.6)
