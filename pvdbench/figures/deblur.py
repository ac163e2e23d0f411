"""Figures like Fig. 7 (rows on three consecutive frames, in two zoomed boxes), like Fig. 1, 8 and 9 (on one), and of
videos without truth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvdbench.analysis.scores import Scores, psnr_text
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.figures.canvas import DENSITY, Canvas, with_boxes, zoomed
from pvdbench.figures.choose_frames import Box, chosen_boxes, zoom_boxes
from pvdbench.figures.style import Picture, math_label
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import Frame, read_frame
from pvdbench.study.table_params import ComparisonParams, ExampleParams, TableParams

_TILE, _GAP, _HEAD = 192 * DENSITY, 6 * DENSITY, 18 * DENSITY


@dataclass(frozen=True)
class DeblurExample:
    """Frame `name` of a clip and its neighbours; folder is data/deblur/DATASET, the rest that of Tables 2 and 3."""

    clip: ClipFiles
    name: str
    folder: Path
    labels: Mapping[str, str]
    scores: Scores
    params: ExampleParams

    def draw(self, out: Path) -> tuple[int, int]:
        """Write a PNG: a line per frame, first the blurry frame whole, then the boxes of every row and of the truth.

        Returns: width and height on the page.
        """
        chosen = next(files for files in self.clip.frames if files.name == self.name)
        truth = read_frame(chosen.sharp)
        pair = (self._frame(self.params.better, chosen), self._frame(self.params.worse, chosen))
        boxes = chosen_boxes(self.params.boxes, *pair, truth)
        tile = (_TILE, round(_TILE * truth.shape[0] / truth.shape[1] / 2) * 2)
        names = [*(math_label(self.labels[row]) for row in self.params.rows), "truth"]
        frames = (chosen,) if isinstance(self.params, ComparisonParams) else self._three()
        height = tile[1] + _HEAD
        canvas = Canvas(_TILE + len(names) * (_TILE // 2 + _GAP), _HEAD + len(frames) * height)
        canvas.text("blurry frame", 0, 0)
        for number, name in enumerate(names):
            canvas.text(name, _column(number), 0)
        for line, files in enumerate(frames):
            self._draw_line(canvas, files, boxes, tile, _HEAD + line * height)
        canvas.save(out)
        return canvas.width // DENSITY, canvas.height // DENSITY

    def _draw_line(
        self, canvas: Canvas, files: FrameFiles, boxes: tuple[Box, Box], tile: tuple[int, int], top: int
    ) -> None:
        canvas.image(with_boxes(read_frame(files.blurry), boxes, *tile), 0, top)
        canvas.text(f"{self.clip.video}, frame {files.name}", 0, top + tile[1], size=7, colour="#5a5a5a")
        for number, row in enumerate(self.params.rows):
            _draw_zooms(canvas, self._frame(row, files), boxes, tile, _column(number), top)
            score = psnr_text(self.scores[row], self.clip.video, files.name)
            canvas.text(score, _column(number), top + tile[1], size=7, colour="#5a5a5a")
        _draw_zooms(canvas, read_frame(files.sharp), boxes, tile, _column(len(self.params.rows)), top)

    def _three(self) -> tuple[FrameFiles, ...]:
        """The chosen frame and its neighbours; at a clip's end the last three."""
        t = [files.name for files in self.clip.frames].index(self.name)
        start = max(min(t - 1, len(self.clip.frames) - 3), 0)
        return self.clip.frames[start : start + 3]

    def _frame(self, row: str, files: FrameFiles) -> Frame:
        return read_frame(self.folder / row / self.clip.video / f"{files.name}.png")


@dataclass(frozen=True)
class QualitativeExample:
    """A frame of a clip without truth; folder is data/deblur/DATASET/, rows go by their labels."""

    clip: ClipFiles
    frame: FrameFiles
    folder: Path
    labels: Mapping[str, str]
    rows: Sequence[str]

    def draw(self, out: Path) -> tuple[int, int]:
        """Write a PNG: the blurry frame whole, then two boxes of every row, where the last differs most from the first.

        Returns: width and height on the page.
        """
        name = f"{self.frame.name}.png"
        shown = {row: read_frame(self.folder / row / self.clip.video / name) for row in self.rows}
        blurry, first, last = read_frame(self.frame.blurry), shown[self.rows[0]], shown[self.rows[-1]]
        boxes = zoom_boxes(last, first, last)
        tile = (_TILE, round(_TILE * blurry.shape[0] / blurry.shape[1] / 2) * 2)
        canvas = Canvas(_TILE + len(shown) * (_TILE // 2 + _GAP), 2 * _HEAD + tile[1])
        canvas.text("blurry frame", 0, 0)
        canvas.image(with_boxes(blurry, boxes, *tile), 0, _HEAD)
        canvas.text(f"{self.clip.video}, frame {self.frame.name}", 0, _HEAD + tile[1], size=7, colour="#5a5a5a")
        for number, (row, picture) in enumerate(shown.items()):
            canvas.text(math_label(self.labels[row]), _column(number), 0)
            _draw_zooms(canvas, picture, boxes, tile, _column(number), _HEAD)
        canvas.save(out)
        return canvas.width // DENSITY, canvas.height // DENSITY


def _column(number: int) -> int:
    return _TILE + _GAP + number * (_TILE // 2 + _GAP)


def _draw_zooms(
    canvas: Canvas, frame: Frame, boxes: tuple[Box, Box], tile: tuple[int, int], left: int, top: int
) -> None:
    for line, part in enumerate(zoomed(frame, boxes, tile[0] // 2, tile[1] // 2)):
        canvas.image(part, left, top + line * tile[1] // 2)


_CAPTION = (
    "A video without truth: nothing is measured. Chosen by rule: the middle frame of the clip, and the boxes where "
    "{last} differs most from {first}."
)


def qualitative_pictures(study: Path, root: Path, params: TableParams, folder: Path) -> Iterator[Picture]:
    """Write a picture of each chosen clip into folder; rows whose method failed are left out.

    Raises:
        DataError: if a data set or a frame is missing or damaged.
    """
    chosen, labels = params.figures.qualitative, params.deblur_labels
    for dataset in chosen.datasets:
        frames = study / "data" / "deblur" / dataset
        rows = [row for row in chosen.rows if not read_failure(frames / row)]
        for clip in read_clips(root / "data" / dataset, "test")[: chosen.count if rows else 0]:
            frame = clip.frames[len(clip.frames) // 2]
            file = f"{dataset}-{clip.video}.png"
            size = QualitativeExample(clip, frame, frames, labels, rows).draw(folder / file)
            title = f"Without truth: {dataset}, {clip.video}, frame {frame.name}"
            alt = f"{title}: {', '.join(labels[row] for row in rows)} side by side"
            caption = _CAPTION.format(first=labels[rows[0]], last=labels[rows[-1]])
            yield Picture(file, dataset, title, caption, alt, *size)
