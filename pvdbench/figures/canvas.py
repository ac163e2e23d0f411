"""Frames and their names laid out pixel by pixel, as in Fig. 6 and 7: what is drawn is what was computed."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from pvdbench.figures.choose_frames import Box
from pvdbench.io.images import Frame

DENSITY = 2
"""Pixels of the file for each pixel of the page, so that screens of both densities show it crisply."""

_DPI = 96 * DENSITY
_BOX_COLOURS = ("#E69F00", "#56B4E9")
_LINE = 4


@dataclass
class Canvas:
    """A white picture of width and height pixels, the origin at its top left."""

    width: int
    height: int
    _figure: Figure = field(init=False)

    def __post_init__(self) -> None:
        self._figure = Figure(figsize=(self.width / _DPI, self.height / _DPI), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(self._figure)

    def image(self, frame: Frame, left: int, top: int) -> None:
        """Place a frame, a pixel a pixel."""
        self._figure.figimage(frame, left, self.height - top - frame.shape[0], origin="upper", resize=False)

    def text(self, text: str, left: float, top: float, *, size: float = 8.5, colour: str = "#1b1b1b") -> None:
        """Write a line just beneath top; size in points."""
        self._figure.text(
            left / self.width,
            1 - (top + 2 * DENSITY) / self.height,
            text,
            size=size,
            color=colour,
            va="top",
            ha="left",
        )

    def save(self, path: Path) -> None:
        """Write a PNG; equal pictures give equal bytes."""
        self._figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


def resized(frame: Frame, width: int, height: int) -> Frame:
    """Larger by repeated pixels, smaller by their averages; never sharper or softer than the frame."""
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX))


def with_boxes(frame: Frame, boxes: tuple[Box, Box], width: int, height: int) -> Frame:
    """A frame resized, with its boxes outlined in their colours."""
    picture = resized(frame, width, height).copy()
    scale = width / frame.shape[1]
    for box, colour in zip(boxes, _BOX_COLOURS, strict=True):
        top, left = round(box.top * scale), round(box.left * scale)
        part = picture[top : top + round(box.height * scale), left : left + round(box.width * scale)]
        part[:] = _framed(part, colour)
    return picture


def zoomed(frame: Frame, boxes: tuple[Box, Box], width: int, height: int) -> tuple[Frame, Frame]:
    """The boxes' parts of a frame, each resized and framed in its colour."""
    parts = [frame[b.top : b.top + b.height, b.left : b.left + b.width] for b in boxes]
    first, second = (
        _framed(resized(part, width, height), colour) for part, colour in zip(parts, _BOX_COLOURS, strict=True)
    )
    return first, second


def _framed(picture: Frame, colour: str) -> Frame:
    line = (np.array(to_rgb(colour)) * 255).astype(np.uint8)
    framed = np.empty_like(picture)
    framed[:] = line
    framed[_LINE:-_LINE, _LINE:-_LINE] = picture[_LINE:-_LINE, _LINE:-_LINE]
    return framed
