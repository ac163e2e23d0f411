"""PSNR against blurriness, the trend behind Table 2's groups of frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvdbench.analysis import intervals
from pvdbench.analysis.scores import Scores
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture, colour, legend_beside, marker, math_label, page_size, plot_style, save_plot
from pvdbench.study.table_params import TableParams


def pictures(inputs: FigureInputs) -> Iterator[Picture]:
    """Draw the figure where the rows that it compares have a result."""
    if not inputs.compares:
        return
    context, params, scores, folder = inputs.context, inputs.params, inputs.deblur, inputs.folder
    dataset, finite = context.dataset, finite_frames(scores)
    file = f"{dataset}-blurriness.svg"
    size = plot_blurriness({row: frames[finite] for row, frames in scores.items()}, params, folder / file)
    left_out = f" {(~finite).sum()} frames with an infinite PSNR are left out." if not finite.all() else ""
    caption = (
        f"Measured on {context.data} under the protocol {context.protocol}. Points are frames; lines join the means "
        f"of {params.figures.bins} groups of equally many frames.{left_out}"
    )
    title = f"PSNR against blurriness: {dataset}"
    yield Picture(file, dataset, title, caption, f"{title}, a line for each row of Table 2", *size, "by-blur")


def plot_blurriness(scores: Scores, params: TableParams, out: Path) -> tuple[int, int]:
    """PSNR of every row of Table 2 in groups of equally many frames from blurry to sharp, and what it gains.

    Args:
        scores: of the rows of Tables 2 and 3.

    Returns: width and height on the page.
    """
    worse = params.figures.deblur.worse
    with plot_style():
        figure = Figure(figsize=(10.4, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, (row, label) in enumerate(params.table2.items()):
            frames = scores[row]
            left.scatter(
                frames["blurriness_db"], frames["psnr_db"], s=5, color=colour(number), alpha=0.18, linewidths=0
            )
            _plot_groups(left, frames["psnr_db"], frames, number, label, params)
            if row != worse:
                _plot_groups(right, frames["psnr_db"] - scores[worse]["psnr_db"], frames, number, label, params)
        gain = f"Gain over {math_label(params.deblur_labels[worse])} (dB), 95 % interval over clips"
        for axes, title in ((left, "PSNR (dB)"), (right, gain)):
            axes.set(title=title, xlabel="PSNR of the blurry frame (dB)")
        right.axhline(0, color="#8a8a8a", linewidth=0.8)
        legend_beside(figure, left)
        save_plot(figure, out)
    return page_size(figure)


def finite_frames(scores: Scores) -> pd.Series:
    """Whether a frame can be plotted: its own PSNR and every row's are finite, which equal frames' are not."""
    values = pd.DataFrame({row: frames["psnr_db"] for row, frames in scores.items()})
    values["blurriness_db"] = next(iter(scores.values()))["blurriness_db"]
    return pd.Series(np.isfinite(values).all(axis=1), index=values.index)


def _plot_groups(
    axes: Axes, values: pd.Series, frames: pd.DataFrame, number: int, label: str, params: TableParams
) -> None:
    """Means of values in quantiles of blurriness, with their intervals over clips, at the groups' mean blurriness."""
    ranked = frames["blurriness_db"].sort_values(kind="stable").index
    groups = [ranked[part] for part in np.array_split(np.arange(len(ranked)), params.figures.bins) if len(part)]
    means = [intervals.mean(values[group], frames["video"][group]) for group in groups]
    x = [frames["blurriness_db"][group].mean() for group in groups]
    y = np.array([mean.mean for mean in means])
    reach = [y - [mean.low for mean in means], [mean.high for mean in means] - y]
    axes.errorbar(
        x,
        y,
        np.maximum(np.nan_to_num(reach), 0),  # no bar where there is no interval
        color=colour(number),
        marker=marker(number),
        markersize=4.5,
        linewidth=1.4,
        elinewidth=0.8,
        label=math_label(label),
    )
