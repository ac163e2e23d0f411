"""Pictures of every test frame for the viewer: blurry, each row's, the truth, and flow in colours, as WebP."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.figures.choose_frames import Box, zoom_boxes
from pvdbench.figures.flow import flow_colours
from pvdbench.io.flow import Flow, read_flow
from pvdbench.io.images import Frame, read_frame
from pvdbench.study.table_params import ExampleParams

QUALITY = 90
"""WebP's quality; the viewer links to the PNG that was scored."""

FrameName = tuple[str, str]
"""A clip and one of its frames."""

Kind = Literal["deblur", "warped", "flow"]
BLURRY, SHARP, TRUE_FLOW = "@blurry", "@sharp", "@true"  # no row is named so
_PERCENTILE = 99  # the length that flow's colours scale to, as in Fig. 6: a few wild vectors do not pale the rest


@dataclass(frozen=True)
class ViewerFrames:
    """The test frames of one data set and where each row's pictures of them are.

    Attributes:
        folder: the study's data folder, with frames and flow.
        deblur, motion: the rows to show.
        examples: for "deblur" and "warped", which two rows a box compares.
    """

    dataset: str
    clips: tuple[ClipFiles, ...]
    folder: Path
    deblur: tuple[str, ...]
    motion: tuple[str, ...]
    examples: Mapping[Kind, ExampleParams]

    def write(self, out: Path, first: Iterable[FrameName], room: int) -> dict[str, "ClipPictures"]:
        """Write out/KIND-SOURCE/VIDEO/FRAME.webp of all that is on disk, frame after frame until there is no room.

        Args:
            first: frames that matter most; the others follow spread evenly, finer and finer.
            room: bytes; a frame is left out where less is left than the heaviest yet had.

        Returns: what the viewer must know, by video.
        Raises:
            DataError: if a frame or a flow is damaged.
        """
        pictures = {clip.video: ClipPictures() for clip in self.clips}
        frames = {
            (clip.video, files.name): (clip, number) for clip in self.clips for number, files in enumerate(clip.frames)
        }
        names, heaviest = list(frames), 0
        spread = (names[i] for i in evenly_spread_order(len(names)))
        for name in dict.fromkeys((*(name for name in first if name in frames), *spread)):
            clip, number = frames[name]
            if room < heaviest:
                pictures[clip.video].left_out.append(clip.frames[number].name)
                continue
            before = clip.frames[number - 1] if number else None
            size = self._write_frame(out, clip.video, clip.frames[number], before, pictures[clip.video])
            room, heaviest = room - size, max(heaviest, size)
        return pictures

    def _write_frame(
        self, out: Path, video: str, files: FrameFiles, before: FrameFiles | None, shown: "ClipPictures"
    ) -> int:
        """Write all pictures of a frame; returns how many bytes they have."""
        deblurred = {row: self._path("deblur", row, video, files.name, ".png") for row in self.deblur}
        size = self._write_kind(
            out, "deblur", video, files.name, {BLURRY: files.blurry, **deblurred, SHARP: files.sharp}, shown
        )
        if before is None:  # flow leads to the frame before
            return size
        warped = {row: self._path("motion", row, video, files.name, ".png") for row in self.motion}
        size += self._write_kind(
            out, "warped", video, files.name, {BLURRY: before.blurry, **warped, SHARP: files.sharp}, shown
        )
        flows = {row: self._path("motion", row, video, files.name, ".flo") for row in self.motion}
        true = {TRUE_FLOW: files.flow} if files.flow else {}
        return size + self._write_flows(out, video, files.name, flows | true, shown)

    def _path(self, kind: str, row: str, video: str, frame: str, ending: str) -> Path:
        return self.folder / kind / self.dataset / row / video / f"{frame}{ending}"

    def _write_kind(
        self, out: Path, kind: Kind, video: str, frame: str, paths: Mapping[str, Path], shown: "ClipPictures"
    ) -> int:
        pictures = {source: read_frame(path) for source, path in paths.items() if path.is_file()}
        size = sum(_write(out / f"{kind}-{s}" / video / f"{frame}.webp", picture) for s, picture in pictures.items())
        shown.add(kind, frame, pictures.keys(), paths.keys())
        example = self.examples[kind]
        if {example.better, example.worse, SHARP} <= pictures.keys():
            boxes = zoom_boxes(pictures[example.better], pictures[example.worse], pictures[SHARP])
            shown.boxes[f"{kind}/{frame}"] = [_corners(box) for box in boxes]
        return size

    def _write_flows(self, out: Path, video: str, frame: str, paths: Mapping[str, Path], shown: "ClipPictures") -> int:
        size, flows = 0, {source: read_flow(path) for source, path in paths.items() if path.is_file()}
        if flows:
            shown.longest[frame] = longest = _longest(flows.values())
            for source, flow in flows.items():
                size += _write(out / f"flow-{source}" / video / f"{frame}.webp", flow_colours(flow, longest))
        shown.add("flow", frame, flows.keys(), [*self.motion, TRUE_FLOW])
        return size


@dataclass
class ClipPictures:
    """One clip in the viewer.

    Attributes:
        boxes: KIND/FRAME to two boxes of top, left, height and width in pixels.
        longest: frame to the length of flow in pixels that has the fullest colour.
        missing: KIND-SOURCE/FRAME of what is not on disk.
        left_out: frames for which there was no room.
    """

    boxes: dict[str, list[list[int]]] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, kind: Kind, frame: str, found: Collection[str], wanted: Iterable[str]) -> None:
        """Note what of a frame's pictures is missing."""
        self.missing += [f"{kind}-{source}/{frame}" for source in wanted if source not in found]


def _longest(flows: Iterable[Flow]) -> float:
    lengths = [np.hypot(flow[..., 0], flow[..., 1]).ravel() for flow in flows]
    return round(float(np.percentile(np.concatenate(lengths), _PERCENTILE)), 2)


def _corners(box: Box) -> list[int]:
    return [box.top, box.left, box.height, box.width]


def evenly_spread_order(count: int) -> Sequence[int]:
    """Order the numbers below count so that any first part of them is spread evenly: bits reversed."""
    bits = max(count - 1, 1).bit_length()
    turned = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(2**bits))
    return [number for number in turned if number < count]


def _write(path: Path, picture: Frame) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, format="WEBP", quality=QUALITY, method=2)
    return path.stat().st_size
