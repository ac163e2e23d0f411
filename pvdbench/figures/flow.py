"""Figures like Fig. 6: sharp frames warped by the flow of each row, and the flow in colours beneath."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvdbench.analysis.scores import Scores, psnr_text
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.figures.canvas import DENSITY, Canvas, resized, with_boxes, zoomed
from pvdbench.figures.choose_frames import Box, chosen_boxes
from pvdbench.figures.style import math_label
from pvdbench.io.flow import Flow, read_flow
from pvdbench.io.images import Frame, read_frame, to_bytes
from pvdbench.study.table_params import ExampleParams

# the wheel's 55 steps: red 15 yellow 6 green 4 cyan 11 blue 13 magenta 6 red
_STEPS = np.array([0, 15, 21, 25, 36, 49, 55])
_RGB = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])


def flow_colours(flow: Flow, longest: float) -> Frame:
    """Colour a flow: hue is direction, saturation length; white is no motion.

    Args:
        flow: (H, W, 2), (x, y) in pixels.
        longest: the length in pixels that is fully saturated; so is flow beyond it (Baker et al. darken that).
    """
    x, y = flow[..., 0].astype(float), flow[..., 1].astype(float)
    length = np.minimum(np.hypot(x, y) / max(longest, np.finfo(float).tiny), 1)[..., None]
    turn = (np.arctan2(-y, -x) / np.pi + 1) / 2 * (_STEPS[-1] - 1)
    hue = np.stack([np.interp(turn, _STEPS, channel) for channel in _RGB.T], axis=-1)
    return to_bytes(1 - length * (1 - hue))


def colour_wheel(diameter: int) -> Frame:
    """The legend: a disc whose colour at a place is that of the flow from its centre to there; (D, D, 3)."""
    axis: NDArray[np.float32] = np.linspace(-1, 1, diameter, dtype=np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    disc = np.hypot(flow[..., 0], flow[..., 1]) <= 1
    return np.where(disc[..., None], flow_colours(flow, 1), np.uint8(255))


_TILE, _GAP, _HEAD = 192 * DENSITY, 8 * DENSITY, 18 * DENSITY


@dataclass(frozen=True)
class FlowExample:
    """Frame `name` of a clip; folder is data/motion/DATASET, labels and scores are those of Table 1's rows."""

    clip: ClipFiles
    name: str
    folder: Path
    labels: Mapping[str, str]
    scores: Scores
    params: ExampleParams

    def draw(self, out: Path) -> tuple[int, int]:
        """Write a PNG: both blurry frames, the warped frame and the flow of every row, the truth.

        Returns: width and height on the page.
        """
        cards = self._cards()
        truth = cards[-1].frame
        pair = (self._warped(self.params.better), self._warped(self.params.worse))
        boxes = chosen_boxes(self.params.boxes, *pair, truth)
        tile = (_TILE, round(_TILE * truth.shape[0] / truth.shape[1] / 2) * 2)
        columns = math.ceil(len(cards) / 2)
        height = _flow_top(tile) + tile[1] + 2 * _GAP
        canvas = Canvas(columns * (_TILE + _GAP) - _GAP, 2 * height - _GAP)
        longest = _longest(cards)
        for number, card in enumerate(cards):
            left, top = number % columns * (_TILE + _GAP), number // columns * height
            card.draw(canvas, boxes, tile, longest, left, top)
        _draw_legend(canvas, tile, longest)
        canvas.save(out)
        return canvas.width // DENSITY, canvas.height // DENSITY

    def _cards(self) -> list["Card"]:
        t = [files.name for files in self.clip.frames].index(self.name)
        now, before = self.clip.frames[t], self.clip.frames[t - 1]
        truth = None if now.flow is None else read_flow(now.flow)
        return [
            Card("blurry frame t - 1", read_frame(before.blurry), None),
            Card("blurry frame t", read_frame(now.blurry), None),
            *(
                Card(self._title(row), self._warped(row), read_flow(self._path(row, ".flo")))
                for row in self.params.rows
            ),
            Card("sharp frame t (truth)", read_frame(now.sharp), truth),
        ]

    def _title(self, row: str) -> str:
        return f"{math_label(self.labels[row])}  {psnr_text(self.scores[row], self.clip.video, self.name)}"

    def _warped(self, row: str) -> Frame:
        return read_frame(self._path(row, ".png"))

    def _path(self, row: str, ending: str) -> Path:
        return self.folder / row / self.clip.video / f"{self.name}{ending}"


@dataclass(frozen=True)
class Card:
    """A frame with its name, and the flow beneath it where there is one."""

    label: str
    frame: Frame
    flow: Flow | None

    def draw(
        self, canvas: Canvas, boxes: tuple[Box, Box], tile: tuple[int, int], longest: float, left: int, top: int
    ) -> None:
        """Name, frame, zooms half as large and flow, one beneath the other."""
        canvas.text(self.label, left, top)
        canvas.image(with_boxes(self.frame, boxes, *tile), left, top + _HEAD)
        for side, part in enumerate(zoomed(self.frame, boxes, tile[0] // 2, tile[1] // 2)):
            canvas.image(part, left + side * tile[0] // 2, top + _HEAD + tile[1] + _GAP // 2)
        if self.flow is not None:
            canvas.image(_edged(resized(flow_colours(self.flow, longest), *tile)), left, top + _flow_top(tile))


def _flow_top(tile: tuple[int, int]) -> int:
    return _HEAD + tile[1] * 3 // 2 + _GAP


def _longest(cards: list[Card]) -> float:
    """The length that colours scale to: nearly the longest of all, so that a few wild vectors do not pale the rest."""
    flows = [card.flow.reshape(-1, 2) for card in cards if card.flow is not None]
    return float(np.percentile(np.hypot(*np.concatenate(flows).T), 99))


def _draw_legend(canvas: Canvas, tile: tuple[int, int], longest: float) -> None:
    """The colour wheel, in the place where the first blurry frame has no flow."""
    canvas.image(colour_wheel(tile[1] // 2), 0, _flow_top(tile) + tile[1] // 4)
    canvas.text(f"direction of flow;\nrim: {longest:.1f} px", tile[1] // 2 + _GAP, _flow_top(tile) + tile[1] // 3)


def _edged(picture: Frame) -> Frame:
    """A thin gray edge, since no motion is white."""
    edged = np.full_like(picture, 190)
    edged[DENSITY:-DENSITY, DENSITY:-DENSITY] = picture[DENSITY:-DENSITY, DENSITY:-DENSITY]
    return edged
