"""Pictures of every test frame for the viewer: blurry, each row's, the truth, and flow in colours, as WebP."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from pvdbench.core.flow_files import Flow, read_flow
from pvdbench.core.images import Frame, read_frame
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.tables.examples import Box, zoom_boxes
from pvdbench.tables.flow_colours import flow_colours
from pvdbench.tables.params import ExampleParams

QUALITY = 90
"""WebP's quality; the viewer links to the PNG that was scored."""

Kind = Literal["deblur", "warped", "flow"]
BLURRY, SHARP, TRUE_FLOW = "@blurry", "@sharp", "@true"  # no row is named so
_PERCENTILE = 99  # the length that flow's colours scale to, as in Fig. 6: a few wild vectors do not pale the rest


@dataclass(frozen=True)
class Gallery:
    """The test frames of one data set and where every row's are.

    Attributes:
        folder: the study's data folder, with frames and flow.
        deblur, motion: the rows to show.
        chosen: for "deblur" and "warped", which two rows a box compares.
    """

    dataset: str
    clips: tuple[ClipFiles, ...]
    folder: Path
    deblur: tuple[str, ...]
    motion: tuple[str, ...]
    chosen: Mapping[Kind, ExampleParams]

    def write(self, out: Path) -> dict[str, "ClipPictures"]:
        """Write out/KIND-SOURCE/VIDEO/FRAME.webp of all that is on disk.

        Returns: what the viewer must know, by video.
        Raises:
            DataError: if a frame or a flow is damaged.
        """
        pictures = {}
        for clip in self.clips:
            pictures[clip.video] = shown = ClipPictures()
            for number, files in enumerate(clip.frames):
                before = clip.frames[number - 1] if number else None
                self._write_frame(out, clip.video, files, before, shown)
        return pictures

    def _write_frame(
        self, out: Path, video: str, files: FrameFiles, before: FrameFiles | None, shown: "ClipPictures"
    ) -> None:
        deblurred = {row: self._path("frames", row, video, files.name, ".png") for row in self.deblur}
        self._write_kind(
            out, "deblur", video, files.name, {BLURRY: files.blurry, **deblurred, SHARP: files.sharp}, shown
        )
        if before is None:  # flow leads to the frame before
            return
        warped = {row: self._path("flow", row, video, files.name, ".png") for row in self.motion}
        self._write_kind(out, "warped", video, files.name, {BLURRY: before.blurry, **warped, SHARP: files.sharp}, shown)
        flows = {row: self._path("flow", row, video, files.name, ".flo") for row in self.motion}
        self._write_flows(out, video, files.name, flows | ({TRUE_FLOW: files.flow} if files.flow else {}), shown)

    def _path(self, kind: str, row: str, video: str, frame: str, ending: str) -> Path:
        return self.folder / kind / self.dataset / row / video / f"{frame}{ending}"

    def _write_kind(
        self, out: Path, kind: Kind, video: str, frame: str, paths: Mapping[str, Path], shown: "ClipPictures"
    ) -> None:
        pictures = {source: read_frame(path) for source, path in paths.items() if path.is_file()}
        for source, picture in pictures.items():
            _write(out / f"{kind}-{source}" / video / f"{frame}.webp", picture)
        shown.add(kind, frame, pictures.keys(), paths.keys())
        example = self.chosen[kind]
        if {example.better, example.worse, SHARP} <= pictures.keys():
            boxes = zoom_boxes(pictures[example.better], pictures[example.worse], pictures[SHARP])
            shown.boxes[f"{kind}/{frame}"] = [_corners(box) for box in boxes]

    def _write_flows(self, out: Path, video: str, frame: str, paths: Mapping[str, Path], shown: "ClipPictures") -> None:
        flows = {source: read_flow(path) for source, path in paths.items() if path.is_file()}
        if flows:
            shown.longest[frame] = longest = _longest(flows.values())
            for source, flow in flows.items():
                _write(out / f"flow-{source}" / video / f"{frame}.webp", flow_colours(flow, longest))
        shown.add("flow", frame, flows.keys(), [*self.motion, TRUE_FLOW])


@dataclass
class ClipPictures:
    """One clip in the viewer.

    Attributes:
        boxes: KIND/FRAME to two boxes of top, left, height and width in pixels.
        longest: frame to the length of flow in pixels that has the fullest colour.
        missing: KIND-SOURCE/FRAME of what is not on disk.
    """

    boxes: dict[str, list[list[int]]] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, kind: Kind, frame: str, found: Collection[str], wanted: Iterable[str]) -> None:
        """Note what of a frame's pictures is missing."""
        self.missing += [f"{kind}-{source}/{frame}" for source in wanted if source not in found]


def _longest(flows: Iterable[Flow]) -> float:
    lengths = [np.hypot(flow[..., 0], flow[..., 1]).ravel() for flow in flows]
    return round(float(np.percentile(np.concatenate(lengths), _PERCENTILE)), 2)


def _corners(box: Box) -> list[int]:
    return [box.top, box.left, box.height, box.width]


def _write(path: Path, picture: Frame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, format="WEBP", quality=QUALITY, method=2)
