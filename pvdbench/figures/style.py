"""How all figures look: sizes, colours and fonts, and what the report must know of a figure file."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.json_file import read_json
from pvdbench.core.names import is_one_part

_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#7A7A7A")  # Okabe and Ito
UP, DOWN = _PALETTE[0], _PALETTE[5]
"""What gains and what loses."""

_PIXELS_AN_INCH = 96  # CSS
_TEXT_WIDTH = 7.0  # inches: both columns of ACM's two-column page
_TEXT_SCALE = 0.82  # 8.5 points become 7
_MARKERS = "osD^vPX*"
_RC: dict[Any, Any] = {
    "svg.hashsalt": "pvdbench",
    "pdf.fonttype": 42,  # TrueType, which publishers ask for
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


def page_size(figure: Figure) -> tuple[int, int]:
    """Width and height in pixels of the page."""
    width, height = figure.get_size_inches()
    return round(width * _PIXELS_AN_INCH), round(height * _PIXELS_AN_INCH)


def spread_values(values: Sequence[float], distance: float) -> list[float]:
    """Places for labels near their values, at least distance from each other, in the values' order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    shifts = [values[i] - n * distance for n, i in enumerate(order)]
    merged = _ascending(shifts)
    places = dict(zip(order, (shift + n * distance for n, shift in enumerate(merged)), strict=True))
    return [places[i] for i in range(len(values))]


def _ascending(values: Sequence[float]) -> list[float]:
    """The closest ascending values: neighbours out of order become their mean (pool adjacent violators)."""
    runs: list[list[float]] = []
    for value in values:
        runs.append([value])
        while len(runs) > 1 and fmean(runs[-2]) > fmean(runs[-1]):
            runs[-2:] = [runs[-2] + runs[-1]]
    return [fmean(run) for run in runs for _ in run]


def save_plot(figure: Figure, path: Path) -> None:
    """Write an SVG for the report and, beside it, a PDF as wide as a page's text; equal plots give equal bytes.

    Args:
        path: the SVG's.
    """
    figure.savefig(path, format="svg", metadata={"Date": None})
    width, height = figure.get_size_inches()
    figure.set_size_inches(_TEXT_WIDTH, height * (1 + _TEXT_WIDTH / width) / 2)  # text shrinks less than the page
    _scale_text(figure, _TEXT_SCALE)
    page = io.BytesIO()  # whole, as where a write fails Matplotlib's PDF raises something else than OSError
    figure.savefig(page, format="pdf", metadata={"CreationDate": None})
    path.with_suffix(".pdf").write_bytes(page.getvalue())
    _scale_text(figure, 1 / _TEXT_SCALE)
    figure.set_size_inches(width, height)


def _scale_text(figure: Figure, factor: float) -> None:
    for text in figure.findobj(Text):
        text.set_fontsize(float(text.get_fontsize()) * factor)


_INDEX = "figures.json"


@dataclass(frozen=True)
class Picture:
    """A figure file in reports/FOLDER.

    Attributes:
        alt: for who cannot see it.
        width, height: in pixels of the page.
        part: the heading of the report under which it belongs, a key of report.page.PARTS; empty for figures of no
            test data set.
    """

    file: str
    dataset: str
    title: str
    caption: str
    alt: str
    width: int
    height: int
    part: str = ""
    folder: str = "figures"

    @property
    def path(self) -> str:
        """Its place in reports/."""
        return f"{self.folder}/{self.file}"


def write_pictures(folder: Path, pictures: list[Picture]) -> None:
    """Write the index of a folder of figures."""
    text = json.dumps([asdict(picture) for picture in pictures], indent=1, ensure_ascii=False) + "\n"
    (folder / _INDEX).write_text(text, encoding="utf-8")


def read_pictures(folder: Path) -> list[Picture]:
    """Read what write_pictures wrote.

    Raises:
        DataError: if the index is missing or damaged.
    """
    path = folder / _INDEX
    what, again = "this is no index of figures", "run `dvc repro --force --single-item figures`"
    try:
        pictures = read_json(path, list[Picture], what, again)
    except FileNotFoundError:
        raise DataError(f"{path}: there are no figures yet; run `dvc repro figures`") from None
    for picture in pictures:
        if not all(is_one_part(name) for name in (picture.file, picture.folder)):
            raise DataError(f"{path}: {what}, which name files beside it ('{shorten(picture.path, 60)}'); {again}")
    return pictures
