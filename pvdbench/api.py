"""The Python API: frames, folders and studies scored, methods loaded and run, from a notebook or another program."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from pvdbench.analysis.bootstrap import Bootstrap
from pvdbench.analysis.scores import read_study_scores
from pvdbench.core.errors import DataError, MethodError, PvdbenchError
from pvdbench.inference.apply import deblur_frames
from pvdbench.inference.apply import estimate_flow as flow_between
from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame, read_frame, to_bytes
from pvdbench.methods.card import MethodCard, read_card
from pvdbench.methods.folders import find_method, installed_folders
from pvdbench.methods.interface import Deblurrer, MotionEstimator
from pvdbench.methods.loading import get_ready, load_deblurrer, load_motion_estimator
from pvdbench.scoring import folders
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import named_protocols, score_pair
from pvdbench.study.study import Study, load_study

__all__ = [
    "ConfidenceInterval",
    "LoadedMethod",
    "PvdbenchError",
    "Study",
    "confidence_interval",
    "deblur",
    "estimate_flow",
    "load_method",
    "load_study",
    "read_scores",
    "score_folders",
    "score_frames",
]

Image = NDArray[Any]
"""(H, W, 3) RGB: uint8, or floats in a range that is stated."""

Source = Image | str | Path

_TREE = Path(__file__).parents[1]


def score_frames(
    estimate: Source | Sequence[Source],
    truth: Source | Sequence[Source],
    protocols: str | Sequence[str] = "koehler",
    *,
    data_range: float | None = None,
) -> pd.DataFrame:
    """Score frames against the truth, as one clip in the order given.

    Args:
        estimate, truth: one frame or as many frames each: arrays of (H, W, 3) RGB, or paths of 8-bit PNG or JPEG files.
            An array of (N, H, W, 3) is N frames.
        protocols: names, or "all".
        data_range: what floats reach: 1.0 or 255. They are rounded to bytes first, which is what every protocol is
            defined on. Never guessed, so floats need it; bytes do not.

    Returns: a row per frame and protocol: frame (its number, from 0), protocol, counted (whether the protocol's
        averages count it), and a column per metric.

    Raises:
        DataError: if the two differ in number or size, a file is damaged, or an array is of another kind.
        ParamsError: if there is no protocol of a name.
    """
    pairs = list(zip(_frames(estimate, data_range), _frames(truth, data_range), strict=False))
    if len(pairs) < max(_count(estimate), _count(truth)):
        raise DataError(f"there are {_count(estimate)} estimates and {_count(truth)} truths; give as many of both")
    chosen = named_protocols([protocols] if isinstance(protocols, str) else protocols, any_frames=True)
    rows = []
    for number, (ours, sharp) in enumerate(pairs):
        if ours.shape != sharp.shape:
            raise DataError(f"frame {number} has the shape {ours.shape}, its truth {sharp.shape}; give equal sizes")
        scores = score_pair(FramePair(ours, sharp), chosen)
        rows += [
            {
                "frame": number,
                "protocol": protocol.name,
                "counted": protocol.counts(number + 1),
                **scores[protocol.name],
            }
            for protocol in chosen
            if protocol.name in scores
        ]
    return pd.DataFrame(rows)


def score_folders(
    estimate: str | Path,
    truth: str | Path,
    protocols: str | Sequence[str] = "koehler",
    *,
    frame_offset: int | None = None,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score a folder of frames against another; sub-folders are clips, frames are paired by name.

    Args:
        protocols: names, or "all".
        frame_offset: pair by order instead, the first estimate with the truth so many frames later.
        jobs: processes.

    Returns: a score file's columns: dataset, method, task, video, frame, protocol, counted, and one per metric.
    Raises:
        DataError: if a frame has no partner, is damaged, or is not of its partner's size.
        ParamsError: if there is no protocol of a name.
    """
    names = [protocols] if isinstance(protocols, str) else protocols
    table, _ = folders.score_folders(Path(truth), Path(estimate), protocols=names, frame_offset=frame_offset, jobs=jobs)
    return table


def read_scores(study: str | Path | Study) -> pd.DataFrame:
    """Read every score file of a study that ran.

    Args:
        study: its folder, or the study itself.

    Returns: a row per frame and protocol: dataset, method (the row's name), task, video, frame, protocol, counted, a
        column per metric, and blurriness_db.

    Raises:
        DataError: if there are no scores, or a file is damaged.
    """
    return read_study_scores(study.folder if isinstance(study, Study) else Path(study))


class ConfidenceInterval(NamedTuple):
    """A mean and its 95 % interval; low and high are NaN for fewer than two clips."""

    mean: float
    low: float
    high: float


def confidence_interval(
    values: Sequence[float] | pd.Series, clips: Sequence[str] | pd.Series, *, resamples: int = 2000, seed: int = 0
) -> ConfidenceInterval:
    """Average one value per frame, with a bootstrap interval that draws whole clips, as every table of a study does.

    Args:
        values: one per frame; infinite ones (identical frames) are left out.
        clips: the clip of each value.
        resamples, seed: of the bootstrap; a study's defaults.

    Raises:
        DataError: if the two differ in length.
    """
    if len(values) != len(clips):
        raise DataError(f"there are {len(values)} values and {len(clips)} clips; give one clip per value")
    frames = pd.Series(np.asarray(values, np.float64))
    interval = Bootstrap(resamples, seed).mean(frames, pd.Series(np.asarray(clips)))
    return ConfidenceInterval(interval.mean, interval.low, interval.high)


class LoadedMethod:
    """A method that is ready to run; load_method makes one."""

    def __init__(self, name: str, card: MethodCard, method: Deblurrer | MotionEstimator) -> None:
        """Take a method that was loaded, with its name and card."""
        self.name, self.card, self._method = name, card, method

    def deblur(self, frames: Sequence[Image]) -> list[Image]:
        """Deblur a clip.

        Args:
            frames: (H, W, 3) RGB each, all of one size and type: uint8, or floats in [0, 1].

        Returns: as many frames, uint8 where the input is, else float32 in [0, 1].
        Raises:
            MethodError: if this is no method for deblurring, or it breaks the contract.
            DataError: if the frames are not as said.
        """
        if self.card.task != "deblur":
            raise MethodError(f"{self.name} estimates motion and deblurs nothing; load a method whose task is deblur")
        return deblur_frames(self._method, frames)  # type: ignore[arg-type]  # its task says so

    def estimate_flow(self, target: Image, source: Image) -> Flow:
        """Estimate the flow from target to source.

        Args:
            target, source: (H, W, 3) RGB: uint8, or floats in [0, 1].

        Returns: (H, W, 2) float32, (x, y) in pixels.
        Raises:
            MethodError: if this is no method for motion, or it breaks the contract.
            DataError: if the frames are not as said.
        """
        if self.card.task != "motion":
            raise MethodError(f"{self.name} deblurs and estimates no flow; load a method whose task is motion")
        return flow_between(self._method, target, source)  # type: ignore[arg-type]  # its task says so

    @property
    def parameters(self) -> Mapping[str, int]:
        """How many its networks have, by part."""
        return self._method.parameters()


def load_method(
    name: str,
    *,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    methods: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> LoadedMethod:
    """Load a method and make it ready to run.

    Args:
        name: its folder's.
        weights: the file that a row's training or `pvdbench weights import` wrote, for a method that needs one.
        options: in place of those of its method.yaml.
        methods: the folder that holds it; without one, this repository's methods/ and what installed packages bring.

    Raises:
        MethodError: if there is no such method, or something that it needs is missing.
        WeightsError: if the weights are missing, damaged or another network's.
        ParamsError: if an option is unknown.
    """
    places = [Path(methods)] if methods is not None else [_TREE / "methods", *installed_folders()]
    folder = find_method(places, name)
    card = read_card(folder, name)
    load = load_deblurrer if card.task == "deblur" else load_motion_estimator
    method = load(folder, name)
    chosen = card.chosen(options or {}, "options")
    get_ready(
        method, folder, name, torch.device(device), given=None if weights is None else Path(weights), options=chosen
    )
    return LoadedMethod(name, card, method)


def deblur(
    frames: Sequence[Image], method: str, *, weights: str | Path | None = None, options: Mapping[str, Any] | None = None
) -> list[Image]:
    """Deblur a clip by a method of this repository or an installed package; see load_method and LoadedMethod.deblur."""
    return load_method(method, weights=weights, options=options).deblur(frames)


def estimate_flow(
    target: Image, source: Image, method: str = "tvl1", *, weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Flow:  # fmt: skip
    """Estimate the flow from target to source; see load_method and LoadedMethod.estimate_flow."""
    return load_method(method, weights=weights, options=options).estimate_flow(target, source)


def _count(source: Source | Sequence[Source]) -> int:
    return len(_each(source))


def _each(source: Source | Sequence[Source]) -> Sequence[Source]:
    single = isinstance(source, str | Path) or (isinstance(source, np.ndarray) and source.ndim == 3)
    return [source] if single else source  # type: ignore[list-item, return-value]  # the test says which it is


def _frames(source: Source | Sequence[Source], data_range: float | None) -> Iterator[Frame]:
    """The frames one after the other, as bytes."""
    each = (
        [source] if isinstance(source, str | Path) or (isinstance(source, np.ndarray) and source.ndim == 3) else source
    )
    for frame in each:
        yield read_frame(Path(frame)) if isinstance(frame, str | Path) else _bytes(np.asarray(frame), data_range)


def _bytes(frame: Image, data_range: float | None) -> Frame:
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise DataError(f"a frame has the shape {frame.shape}; give (height, width, 3) RGB")
    if frame.dtype == np.uint8:
        return frame
    if not np.issubdtype(frame.dtype, np.floating):
        raise DataError(f"a frame is of {frame.dtype}; give uint8, or floats with data_range")
    if data_range is None:
        raise DataError("a frame is of floats; say by data_range what they reach, 1.0 or 255")
    if not np.isfinite(frame).all() or frame.min() < 0 or frame.max() > data_range:
        raise DataError(f"a frame's values are outside 0 to {data_range:g}; clip them, or correct data_range")
    return to_bytes(frame / data_range)
