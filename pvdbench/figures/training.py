"""Training curves: the loss of every network that the study trained, step by step."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pvdbench.figures.style import Picture, colour, math_label, page_size, plot_style, save_plot
from pvdbench.io.tables import TRAINING_LOG, read_table

_SMOOTHING = 20  # a running mean over one part in so many of the steps


def picture(study: Path, labels: Mapping[str, str], folder: Path) -> Picture:
    """Draw the curves of every network that the study trained into folder."""
    size = plot_training(study, labels, folder / "training.svg")
    caption = (
        "The loss of every network that this study trained, step by step (light) and as a running mean. Losses of "
        "different kinds (Eq. 1, Eq. 2, true flow) have different scales."
    )
    return Picture("training.svg", "", "Training curves", caption, "Loss against step for every trained row", *size)


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
