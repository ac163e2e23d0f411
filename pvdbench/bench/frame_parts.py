"""Parts on frames: decoding, encoding, each protocol, all of them, and the scores of a row from disk."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pvdbench.bench import score_definitions as definitions
from pvdbench.bench.inputs import scored_dataset, sharp_frames
from pvdbench.bench.part import NotMeasuredError, Part, Setting, Work, size_of
from pvdbench.bench.second_frame import SecondFrame, known
from pvdbench.core import device
from pvdbench.io.images import Frame, read_frame, write_frame
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import named_protocols, protocols, score_pair

_ROW = 4  # frames
_SMALL = 64  # pixels per side
_SIDES = 2 * 16  # pixels that koehler crops along an axis
_GAUSSIAN = 2 * 11 * 2 * 4  # operations per pixel: a multiplication and an addition per tap, two axes, four moments
_PLANES = {"koehler": 1, "koehler-subpixel": 1, "su-30": 1, "luma-y": 1, "plain-rgb": 3, "crop-4": 3, "matlab-ssim": 3}
"""Of which a protocol computes the Gaussian SSIM."""
_REGISTERED = ("koehler", "koehler-subpixel", "su-30", "step-shift")
"""Protocols with three real Fourier transforms."""
_ALL = (("koehler", "plain-rgb", "luma-y"), ("koehler", "plain-rgb"))
"""What `all` cannot do without: protocols that share nothing."""


def frame_parts() -> list[Part]:
    """List them; a protocol of an installed package has no straightforward version."""
    one_by_one = [
        Part(name, protocol.summary, _protocol(name), _defined(name), "float64")
        for name, protocol in protocols().items()
    ]
    return [
        Part("decode", "a frame from PNG", _decode(read_frame), _decode(definitions.decode), "8 bits"),
        Part("encode", "a frame into PNG", _encode(write_frame), _encode(definitions.encode), "8 bits"),
        *one_by_one,
        Part("all-protocols", "a frame under every protocol that needs no other frame", _every_protocol,
             _every_definition, "float64"),
        Part("row", f"scores of a row from disk, {_ROW} frames, every protocol and temporal", _row, _row_by_definition,
             "float64"),
    ]  # fmt: skip


def _decode(read: Callable[..., Frame]) -> Callable[[Setting], Work]:
    def work(setting: Setting) -> Work:
        path, frame = setting.folder / "frame.png", _sharp(setting)
        write_frame(path, frame)
        return Work(lambda: read(path), moved=path.stat().st_size + size_of(frame))

    return work


def _encode(write: Callable[..., None]) -> Callable[[Setting], Work]:
    def work(setting: Setting) -> Work:
        path, frame = setting.folder / "frame.png", _sharp(setting)
        write(path, frame)
        return Work(lambda: write(path, frame), moved=path.stat().st_size + size_of(frame))

    return work


def _sharp(setting: Setting) -> Frame:
    return sharp_frames(setting.width, setting.height, 1)[0]


def _protocol(name: str) -> Callable[[Setting], Work]:
    def work(setting: Setting) -> Work:
        if name not in protocols():
            raise NotMeasuredError(f"there is no protocol {name}")
        _keep_memory()
        return _scoring(setting, name, protocols()[name].score)

    return work


def _keep_memory() -> None:
    """As whatever scores frames does; earlier versions did not."""
    if (keep := getattr(device, "keep_freed_memory", None)) is not None:
        keep()


def _defined(name: str) -> Callable[[Setting], Work] | None:
    if name not in definitions.PROTOCOLS:
        return None
    return lambda setting: _scoring(setting, name, definitions.PROTOCOLS[name])


def _scoring(setting: Setting, name: str, score: Callable[[FramePair], Any]) -> Work:
    of_clip = known(setting.width, setting.height)
    moved = size_of(*of_clip.second)
    if name == "temporal":
        moved += size_of(*of_clip.first)
    elif name == "endpoint":
        moved = size_of(of_clip.flow, of_clip.true_flow, of_clip.occluded)
    motion = name == "endpoint"
    score(SecondFrame(known(_SMALL, _SMALL), motion=motion))  # imports what it needs, which is no part of its memory
    return Work(lambda: score(SecondFrame(of_clip, motion=motion)), moved, _operations(setting, (name,), (name,)))


def _operations(setting: Setting, similar: Iterable[str], registered: Iterable[str]) -> float:
    """Count those of Gaussian windows, and of Fourier transforms by 2.5 n log2 n for n real values each."""
    pixels = setting.width * setting.height
    cropped = max(2, (setting.width - _SIDES) * (setting.height - _SIDES))
    transforms = sum(3 * 2.5 * cropped * math.log2(cropped) for name in registered if name in _REGISTERED)
    return transforms + sum(_PLANES.get(name, 0) * _GAUSSIAN * pixels for name in similar)


def _every_protocol(setting: Setting) -> Work:
    _keep_memory()
    of_clip, chosen = known(setting.width, setting.height), named_protocols(["all"], any_frames=True)
    return Work(lambda: score_pair(FramePair(*of_clip.second), chosen), size_of(*of_clip.second),
                _operations(setting, *_ALL))  # fmt: skip


def _every_definition(setting: Setting) -> Work:
    of_clip = known(setting.width, setting.height)

    def call() -> dict[str, dict[str, float]]:
        pair = FramePair(*of_clip.second)
        return {name: score(pair) for name, score in _defined_of_all().items() if name not in _FLOW}

    return Work(call, size_of(*of_clip.second), _operations(setting, *_ALL))


def _defined_of_all() -> dict[str, Callable[[FramePair], dict[str, float]]]:
    """The definitions of the protocols that `all` stands for."""
    return {name: score for name, score in definitions.PROTOCOLS.items() if not protocols()[name].on_request}


_FLOW = ("endpoint", "temporal")
"""Protocols that two images are not enough for."""


def _row(setting: Setting) -> Work:
    """Score as a study does: the sharp video's flow is made before, once for all rows."""
    from pvdbench.scoring.dataset import ScoredRow, score_row
    from pvdbench.scoring.truth import score_truth

    data, estimates = scored_dataset(setting.folder, setting.width, setting.height, _ROW)
    score_truth(data, setting.folder / "truth", ranking="plain-rgb")
    row = ScoredRow("data", "row", "deblur", data, estimates, setting.folder / "truth")
    out = setting.folder / "scores.csv"

    def call() -> Path:
        score_row(row, out, protocols=["all"])
        return out

    return Work(call, _row_bytes(setting), _ROW * _operations(setting, *_ALL))


def _row_by_definition(setting: Setting) -> Work:
    data, estimates = scored_dataset(setting.folder, setting.width, setting.height, _ROW)
    files = [(estimates / "clip" / f"{t:05d}.png", data / "clip" / "GT" / f"{t:05d}.png") for t in range(_ROW)]

    def call() -> list[dict[str, dict[str, float]]]:
        before, scores = None, []
        for paths in files:
            pair = _Following(definitions.decode(paths[0]), definitions.decode(paths[1]), before)
            scores.append({name: score(pair) for name, score in _defined_of_all().items() if name != "endpoint"})
            before = FramePair(pair.estimate, pair.truth)
        return scores

    return Work(call, _row_bytes(setting), _ROW * _operations(setting, *_ALL))


def _row_bytes(setting: Setting) -> float:
    """The files of the frames, and the frames."""
    written = sum(path.stat().st_size for path in setting.folder.glob("*/clip/**/*.png"))
    return float(written + 2 * _ROW * np.prod((setting.height, setting.width, 3)))


class _Following(FramePair):
    """A frame with the one before it."""

    def __init__(self, estimate: Frame, truth: Frame, before: FramePair | None) -> None:
        super().__init__(estimate, truth)
        self._before = before

    @property
    def before(self) -> FramePair | None:
        """None for the first."""
        return self._before
