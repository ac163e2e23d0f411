"""A figure like Fig. 4: what naive, majority-based and ideal warping make of a pixel volume, and the rows' outputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pvdbench.analysis.scores import Scores, psnr_text
from pvdbench.core.colour import gray
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.figures.canvas import DENSITY, Canvas
from pvdbench.figures.choose_frames import best_frames, zoom_boxes
from pvdbench.figures.flow import Card
from pvdbench.figures.inputs import FigureInputs
from pvdbench.figures.style import Picture, math_label
from pvdbench.io.flow import read_flow
from pvdbench.io.images import Frame, read_frame, to_bytes
from pvdbench.methods.clip import to_tensor
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.pixel_volume import most_frequent, nearest, pixel_volume
from pvdbench.study.table_params import WarpParams

_TILE, _GAP, _HEAD = 192 * DENSITY, 8 * DENSITY, 18 * DENSITY
_NAMES = {"naive": "warping", "majority": "majority-based warping", "ideal": "ideal warping"}


def pictures(inputs: FigureInputs) -> Iterator[Picture]:
    """Write DATASET-warp.png on the frame where the study's better row gains most over its worse one.

    Raises:
        DataError: if a frame or a flow is missing or damaged.
    """
    warp, scores, params, dataset = inputs.params.figures.warp, inputs.deblur, inputs.params, inputs.dataset
    if warp is None or not inputs.compares:
        return
    if warp.motion not in inputs.motion or not {*warp.outputs.values()} <= {*scores}:  # a method failed
        return
    clips = inputs.clips
    example = params.figures.deblur
    gain = scores[example.better]["psnr_db"] - scores[example.worse]["psnr_db"]
    led = [frame != clips[video].frames[0].name and np.isfinite(gain[video, frame]) for video, frame in gain.index]
    ((video, name),) = best_frames(gain[led], 1)  # flow leads to the frame before, which a clip's first lacks
    figure = WarpExample(clips[video], name, inputs.study / "data", dataset, params.deblur_labels, scores, warp,
                         inputs.network)  # fmt: skip
    size = figure.draw(inputs.folder / f"{dataset}-warp.png")
    title = f"The pixel volume and what can be warped out of it, as Fig. 4: {dataset}, {video}, frame {name}"
    caption = (
        "The deblurred previous frame, warped by the estimated flow: by itself, by the most frequent of the volume's "
        "candidates, and by the candidate closest to the truth, which no method knows. Warped frames are gray, as the "
        "volume is. Beneath, what the rows trained on each make of the frame, where the study has them; for ideal "
        "warping that is the row with the pixel volume, as in the paper. Boxes are where ideal warping gains most."
    )
    yield Picture(f"{dataset}-warp.png", dataset, title, caption, f"{title}: frames side by side", *size, "figures")


@dataclass(frozen=True)
class WarpExample:
    """Frame `name` of a clip; folder is the study's data, the rest that of Tables 2 and 3."""

    clip: ClipFiles
    name: str
    folder: Path
    dataset: str
    labels: Mapping[str, str]
    scores: Scores
    params: WarpParams
    network: NetworkParams

    def draw(self, out: Path) -> tuple[int, int]:
        """Write a PNG: blurry frame and three warped ones, beneath them the truth and three outputs.

        Returns: width and height on the page.
        """
        t = [files.name for files in self.clip.frames].index(self.name)
        now, before = self.clip.frames[t], self.clip.frames[t - 1]
        warped = self._warped(now, before)
        truth = read_frame(now.sharp)
        boxes = zoom_boxes(warped["ideal"], warped["naive"], _picture(_gray(now.sharp)))
        top: list[Card | None] = [Card("blurry frame", read_frame(now.blurry), None)]
        top += [Card(_NAMES[kind], frame, None) for kind, frame in warped.items()]
        beneath: list[Card | None] = [Card("truth", truth, None), *(self._output(kind, now) for kind in warped)]
        tile = (_TILE, round(_TILE * truth.shape[0] / truth.shape[1] / 2) * 2)
        height = _HEAD + tile[1] * 3 // 2 + 2 * _GAP
        canvas = Canvas(len(top) * (_TILE + _GAP) - _GAP, 2 * height - _GAP)
        for line, row in enumerate((top, beneath)):
            for column, card in enumerate(row):
                if card is not None:
                    card.draw(canvas, boxes, tile, 0, column * (_TILE + _GAP), line * height)
        canvas.save(out)
        return canvas.width // DENSITY, canvas.height // DENSITY

    def _warped(self, now: FrameFiles, before: FrameFiles) -> dict[str, Frame]:
        """The previous frame of the row with the volume, warped in three ways."""
        path = self.folder / "motion" / self.dataset / self.params.motion / self.clip.video / f"{self.name}.flo"
        flow = torch.from_numpy(read_flow(path)).permute(2, 0, 1)[None]
        previous = _gray(self._path(self.params.outputs["ideal"], before.name))
        current = _gray(now.blurry) * 2 - 1  # the networks' range
        size, coordinates = self.network.size, self.network.coordinates
        volume = pixel_volume(previous * 2 - 1, flow, current, size=size, coordinates=coordinates)
        frames = {
            "naive": backward_warp(previous, flow),
            "majority": (most_frequent(volume) + 1) / 2,
            "ideal": (nearest(volume, _gray(now.sharp) * 2 - 1) + 1) / 2,
        }
        return {kind: _picture(frame) for kind, frame in frames.items()}

    def _output(self, kind: str, now: FrameFiles) -> Card | None:
        row = dict(self.params.outputs).get(kind)  # type: ignore[call-overload]  # a plain string asks
        if row is None:
            return None
        score = psnr_text(self.scores[row], self.clip.video, now.name)
        return Card(f"{math_label(self.labels[row])}  {score}", read_frame(self._path(row, now.name)), None)

    def _path(self, row: str, frame: str) -> Path:
        return self.folder / "deblur" / self.dataset / row / self.clip.video / f"{frame}.png"


def _gray(path: Path) -> Tensor:
    """(1, 1, H, W) in [0, 1]."""
    return gray(to_tensor(read_frame(path))[None])


def _picture(values: Tensor) -> Frame:
    """(H, W, 3) of a gray image."""
    return to_bytes(np.repeat(values[0].permute(1, 2, 0).double().numpy(), 3, axis=2))
