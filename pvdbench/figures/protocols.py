"""The protocol lens as a figure: one method's PSNR under every protocol, and the steps between two of them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvdbench.analysis.intervals import Interval
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import DOWN, UP, Picture, colour, page_size, plot_style, save_plot
from pvdbench.tables.protocols import Lens, Reading, Step, read_lens
from pvdbench.tables.table import decimal

_COLUMNS = (6, 38)  # points right of the axes
_INK, _SOFT = "#1b1b1b", "#5a5a5a"


def pictures(inputs: FigureInputs) -> Iterator[Picture]:
    """Draw the row that tables.lens names, if it names one."""
    lens = read_lens(inputs.study, inputs.context, inputs.params)
    if lens:
        yield lens_picture(lens, inputs.folder)


def lens_picture(lens: Lens, folder: Path) -> Picture:
    """Write DATASET-lens.svg."""
    context, readings, steps = lens.context, lens.readings(), lens.steps()
    file = f"{context.dataset}-lens.svg"
    with plot_style():
        figure = Figure(figsize=(10.4, 1.1 + 0.3 * max(len(readings), len(steps))), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.05), gridspec_kw={"wspace": 0.06})
        _draw_readings(left, readings)
        _draw_steps(right, steps)
        save_plot(figure, folder / file)
    title = f"{lens.label} under every protocol: {context.dataset}"
    caption = (
        f"Measured on {context.data}; the same frames throughout. Left: PSNR averaged over the frames that a protocol "
        "counts, with the 95 % interval over clips. Right: what each step from plain RGB PSNR to the paper's average "
        "adds, with its 95 % interval."
    )
    alt = f"{title}; left a dot for each protocol, right a bar for each step"
    return Picture(file, context.dataset, title, caption, alt, *page_size(figure), "by-protocol")


def _draw_readings(axes: Axes, readings: Sequence[Reading]) -> None:
    for line, reading in enumerate(readings):
        psnr = reading.psnr
        axes.plot((psnr.low, psnr.high), (line, line), color=colour(0), linewidth=1.2, alpha=0.6)
        if math.isfinite(psnr.mean):
            axes.plot(psnr.mean, line, marker="o", color=colour(0), markersize=5)
        _write(axes, line, decimal(psnr.mean, 2))
    _name_lines(axes, [reading.protocol for reading in readings])
    axes.set(title="PSNR by protocol (dB)")


def _draw_steps(axes: Axes, steps: Sequence[Step]) -> None:
    """A waterfall: each bar ends at its line's PSNR, which is where the next one begins."""
    for line, step in enumerate(steps):
        end = step.psnr.mean
        if step.gain is None:
            axes.plot(end, line, marker="o", color=_SOFT, markersize=5)
        else:
            tint = UP if step.gain.mean >= 0 else DOWN
            axes.barh(line, step.gain.mean, left=end - step.gain.mean, height=0.55, color=tint)
        if line + 1 < len(steps):
            axes.plot((end, end), (line, line + 1), color=_SOFT, linewidth=0.7)
        _write(axes, line, decimal(step.psnr.mean, 2), *([_gain(step.gain)] if step.gain else []))
    _name_lines(axes, [step.label for step in steps])
    axes.set(title="From plain RGB to the paper's average (dB)")


def _name_lines(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.use_sticky_edges = False  # bars would touch the frame
    axes.margins(x=0.06)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def _write(axes: Axes, line: int, *texts: str) -> None:
    """Numbers beside a line, in columns right of the axes."""
    for place, text, tint in zip(_COLUMNS, texts, (_INK, _SOFT), strict=False):
        axes.annotate(
            text,
            (1, line),
            xycoords=("axes fraction", "data"),
            xytext=(place, 0),
            textcoords="offset points",
            va="center",
            size=8,
            color=tint,
        )


def _gain(gain: Interval) -> str:
    mean, low, high = (decimal(value, 2, signed=True) for value in (gain.mean, gain.low, gain.high))
    return mean if math.isnan(gain.low) else f"{mean}  ({low} to {high})"
