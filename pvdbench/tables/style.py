"""How plots look: one palette that colour-blind readers can tell apart, plain axes, equal bytes for equal data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#7A7A7A")  # Okabe and Ito
_MARKERS = "osD^vPX*"
_RC: dict[Any, Any] = {
    "svg.hashsalt": "pvdbench",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.edgecolor": "#8a8a8a",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}


@contextmanager
def plot_style() -> Iterator[None]:
    """Draw in the house style within the block."""
    with mpl.rc_context(_RC):
        yield


def colour(number: int) -> str:
    """The colour of a plot's row."""
    return _PALETTE[number % len(_PALETTE)]


def marker(number: int) -> str:
    """The marker of a plot's row, so that colour is not all that tells rows apart."""
    return _MARKERS[number % len(_MARKERS)]


def math_label(label: str) -> str:
    """A label for Matplotlib; what follows an underscore is a subscript, as in the paper."""
    return re.sub(r"_([A-Za-z0-9]+)", r"$_\\mathrm{\1}$", label.replace("$", r"\$"))


def legend_beside(figure: Figure, axes: Axes) -> None:
    """A legend of the rows of axes at the figure's right."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")


def save_svg(figure: Figure, path: Path) -> None:
    """Write an SVG without a date."""
    figure.savefig(path, format="svg", metadata={"Date": None})
