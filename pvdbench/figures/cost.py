"""Quality against cost: one point per row, PSNR over milliseconds and over multiply-adds per frame (Sec. 4.5).

Milliseconds are those of one machine, so the report draws this figure and no stored figure shows it.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvdbench.analysis.intervals import Interval
from pvdbench.figures.style import (
    Picture,
    colour,
    legend_beside,
    marker,
    math_label,
    page_size,
    plot_style,
    save_plot,
    write_pictures,
)
from pvdbench.io.owned import owned_folder
from pvdbench.tables.cost import MILLISECONDS, MULTIPLY_ADDS
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.table import Table, number

COSTS = "costs"
"""The folder in reports/ for the figures of what one machine measured."""


def write_cost_pictures(folder: Path, measured: Sequence[DatasetTables], command: str) -> None:
    """Write DATASET-cost.svg of every data set, and the index of the folder.

    Args:
        measured: tables that with_costs has filled.
        command: whose the folder is then.
    """
    with owned_folder(folder, command) as partial:
        tables = [(part.data, table) for part in measured for table in part.tables if table.name == "cost"]
        write_pictures(partial, [_cost_picture(data, table, partial) for data, table in tables])


def _cost_picture(data: str, table: Table, folder: Path) -> Picture:
    """A row whose cost or PSNR is not known has no point."""
    file = f"{table.dataset}-cost.svg"
    keys = [column.key for column in table.columns]
    panels = {
        f"{table.columns[keys.index(MILLISECONDS)].heading}, per frame": keys.index(MILLISECONDS),
        "thousand million multiply-adds per frame of 1280x720": keys.index(MULTIPLY_ADDS),
    }
    with plot_style():
        figure = Figure(figsize=(10.4, 3.6), layout="constrained")
        for axes, (what, column) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
            _draw(axes, table, column, keys.index("psnr_db_all"))
            axes.set(title="PSNR (dB)", xlabel=what, xscale="log")
        legend_beside(figure, figure.axes[0])
        save_plot(figure, folder / file)
    title = f"Quality against cost: {table.dataset}"
    caption = (
        f"Measured on {data} under the protocol {table.protocol}; up and to the left is better. Bars are "
        "95 % intervals over clips. Rows without learned parameters have no multiply-adds to count; the table beside "
        "says on which machine."
    )
    alt = f"{title}, a point for each row"
    return Picture(file, table.dataset, title, caption, alt, *page_size(figure), "cost", folder=COSTS)


def _draw(axes: Axes, table: Table, column: int, quality: int) -> None:
    for index, row in enumerate(row for row in table.rows if not row.skipped):
        cost, psnr = number(row.values[column]), row.values[quality]
        known = cost > 0 and math.isfinite(number(psnr))
        x, y = ([cost], [number(psnr)]) if known else ([], [])
        axes.plot(x, y, color=colour(index), marker=marker(index), linestyle="", label=math_label(row.label))
        if known and isinstance(psnr, Interval) and not math.isnan(psnr.low):
            axes.vlines(x, psnr.low, psnr.high, color=colour(index), linewidth=0.9, alpha=0.6)
