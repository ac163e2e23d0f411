"""PSNR against blurriness (the trend behind Table 2's groups), and the training curves."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pvdbench.core.records import TRAINING_LOG, read_table
from pvdbench.tables.params import TableParams
from pvdbench.tables.scores import Scores
from pvdbench.tables.style import colour, legend_beside, marker, math_label, page_size, plot_style, save_plot

_SMOOTHING = 20  # a running mean over one part in so many of the steps


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
    means = [params.bootstrap.mean(values[group], frames["video"][group]) for group in groups]
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


def plot_training(study: Path, labels: Mapping[str, str], out: Path) -> tuple[int, int]:
    """The loss of every trained row against its step: as logged, light, and its running mean.

    Args:
        study: the study's folder; its data/training holds a folder a task with a CSV a row.
        labels: row name to label; a row without one goes by its name.

    Returns: width and height on the page.
    """
    tasks = {
        "Flow, pre-training": "motion/pretrained.csv",
        "Flow, fine-tuning": "motion/*.csv",
        "PVDNet": "deblur/*.csv",
    }
    with plot_style():
        figure = Figure(figsize=(10.4, 3.6), layout="constrained")
        for axes, (title, pattern) in zip(figure.subplots(1, len(tasks)), tasks.items(), strict=True):
            logs = sorted((study / "data" / "training").glob(pattern))
            for number, path in enumerate(log for log in logs if "*" not in pattern or log.stem != "pretrained"):
                _plot_log(axes, path, number, labels.get(path.stem, path.stem))
            axes.set(title=title, xlabel="step", ylabel="loss", yscale="log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
            if axes.get_lines():
                axes.legend(fontsize=7)
        save_plot(figure, out)
    return page_size(figure)


def _plot_log(axes: Axes, path: Path, number: int, label: str) -> None:
    log = read_table(path, TRAINING_LOG)
    if log.empty:  # a row without a network to train
        return
    smooth = log["loss"].rolling(max(len(log) // _SMOOTHING, 1), min_periods=1).mean()
    axes.plot(log["step"], log["loss"], color=colour(number), linewidth=0.5, alpha=0.25)
    axes.plot(log["step"], smooth, color=colour(number), linewidth=1.5, label=math_label(label))
