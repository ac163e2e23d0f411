"""The Python API: frames, folders and studies scored, methods loaded and run, from a notebook or another program."""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from pvdbench.analysis import intervals
from pvdbench.analysis.scores import read_study_scores
from pvdbench.core.arguments import as_clip_names, as_numbers, as_path, as_whole
from pvdbench.core.device import named_device
from pvdbench.core.errors import DataError, MethodError, ParamsError, PvdbenchError
from pvdbench.inference.apply import deblur_frames
from pvdbench.inference.apply import estimate_flow as flow_between
from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame, to_bytes
from pvdbench.io.sources import Image, Source, list_sources, read_source, read_sources, refuse_text_order
from pvdbench.methods.card import MethodCard, read_card
from pvdbench.methods.folders import find_method, installed_folders
from pvdbench.methods.interface import Deblurrer, MotionEstimator
from pvdbench.methods.loading import get_ready, load_deblurrer, load_motion_estimator
from pvdbench.scoring import folders
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import metrics, named_protocols, score_rows
from pvdbench.scoring.score_file import read_score_file
from pvdbench.study.study import Study
from pvdbench.study.study import load_study as study_of

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

_TREE = Path(__file__).parents[1]


def score_frames(
    estimate: Source | Iterable[Source],
    truth: Source | Iterable[Source],
    protocols: str | Iterable[str] = "koehler",
    *,
    data_range: float | None = None,
) -> pd.DataFrame:
    """Score frames against the truth, as one clip in the order given.

    Args:
        estimate, truth: one frame or as many frames each: arrays of (H, W, 3) RGB, or paths of 8-bit PNG or JPEG files.
            Several arrays may be one, (N, H, W, 3). Any iterable of frames will do.
        protocols: names, or "all".
        data_range: the largest value that floats can have, 1.0 or 255; never guessed, so floats need it and bytes do
            not. They are rounded to bytes first, since every protocol is defined on bytes.

    Returns:
        A table with a row per frame and protocol and the columns frame (its number, from 0), protocol, counted (whether
        the protocol's averages count it) and one per metric of these protocols, not rounded; NaN where a protocol does
        not give the metric.

    Raises:
        DataError: if there are no frames, the two differ in number or size, a file is missing or damaged, or an array
            is of another shape, type or range.
        ParamsError: if there is no protocol of a name.
    """
    estimates, truths = list_sources(estimate, "estimate"), list_sources(truth, "truth")
    if len(estimates) != len(truths) or not truths:
        raise DataError(f"there are {len(estimates)} estimates and {len(truths)} truths; give as many of both")
    if _stems(estimates) != _stems(truths):
        refuse_text_order(estimates, "estimate")
        refuse_text_order(truths, "truth")
    chosen = named_protocols(protocols, any_frames=True)
    rows = []
    for number, (ours, sharp) in enumerate(zip(estimates, truths, strict=True)):
        frames = _as_bytes(ours, f"estimate {number}", data_range), _as_bytes(sharp, f"truth {number}", data_range)
        rows += [{"frame": number} | scores for scores in score_rows(_pair(number, *frames), chosen, number + 1)]
    return pd.DataFrame(rows, columns=["frame", "protocol", "counted", *metrics(chosen)])


def score_folders(
    estimate: str | Path,
    truth: str | Path,
    protocols: str | Iterable[str] = "koehler",
    *,
    frame_offset: int | None = None,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score a folder of frames against another; sub-folders are clips, frames are paired by name.

    Args:
        protocols: names, or "all".
        frame_offset: pair by order instead, the first estimate with the truth so many frames later.
        jobs: processes.

    Returns:
        A table with the columns of a score file, which are dataset, method, task, video, frame, protocol, counted and
        one per metric.

    Raises:
        DataError: if a frame has no partner, is damaged, or is not of its partner's size.
        ParamsError: if there is no protocol of a name.
    """
    offset = None if frame_offset is None else as_whole(frame_offset, "frame_offset")
    places = as_path(truth, "truth"), as_path(estimate, "estimate")
    count = as_whole(jobs, "jobs", least=1)
    table, _ = folders.score_folders(*places, protocols=protocols, frame_offset=offset, jobs=count)
    return table


def read_scores(study: str | Path | Study) -> pd.DataFrame:
    """Read every score file of a study that ran, or one score file.

    Args:
        study: its folder, the study itself, or the path of a file such as `pvdbench score folder` writes.

    Returns:
        A table with a row per frame and protocol and the columns dataset, method (the row's name), task, video, frame,
        protocol, counted, one per metric, and, of a study, blurriness_db. Names stay text: a clip may be NA or 007.

    Raises:
        DataError: if there are no scores, or a file is damaged.
    """
    folder = study.folder if isinstance(study, Study) else as_path(study, "study")
    return read_score_file(folder) if folder.is_file() else read_study_scores(folder)


def load_study(folder: str | Path) -> Study:
    """Read and check a study.

    Args:
        folder: holds the study's params.yaml.

    Raises:
        StudyError: if the folder is not in a Git repository.
        ParamsError: if params.yaml has an unknown key, a wrong type or names a row that is not there.
        MethodError: if a row names a method that is not there, or two methods have one name.
    """
    return study_of(as_path(folder, "folder"))


class ConfidenceInterval(NamedTuple):
    """A mean and its 95 % interval; low and high are NaN for fewer than two clips."""

    mean: float
    low: float
    high: float


def confidence_interval(values: Iterable[float], clips: Iterable[Hashable]) -> ConfidenceInterval:
    """Average one value per frame, with the 95 % interval over clips that every table of a study has.

    A longer clip weighs more; the test behind it is described in docs/protocols.md.

    Args:
        values: one per frame; infinite ones (identical frames) are left out.
        clips: the clip of each value.

    Raises:
        DataError: if the two differ in length or are empty, a value is no number or NaN, or a clip has no name.
    """
    numbers, names = as_numbers(values), as_clip_names(clips)
    if len(numbers) != len(names) or not len(names):
        raise DataError(f"there are {len(numbers)} values and {len(names)} clips; give one clip per value")
    interval = intervals.mean(numbers, names)
    return ConfidenceInterval(interval.mean, interval.low, interval.high)


class LoadedMethod:
    """A method that is ready to run, made by load_method.

    Attributes:
        name: its folder's.
        card: what its method.yaml says.
    """

    def __init__(self, name: str, card: MethodCard, method: Deblurrer | MotionEstimator) -> None:
        """Take a method that was loaded, with its name and card."""
        self.name, self.card, self._method = name, card, method

    def __repr__(self) -> str:
        return f"LoadedMethod({self.name!r}, task={self.card.task!r})"

    def deblur(self, frames: Source | Iterable[Source]) -> list[Image]:
        """Deblur a clip.

        Args:
            frames: arrays of (H, W, 3) RGB, all of one size and type, uint8 or floats in [0, 1]; all of them as one
                array (N, H, W, 3); or paths of 8-bit PNG or JPEG files, in order of time.

        Returns:
            As many frames, uint8 where the input is, else float32 in [0, 1].

        Raises:
            MethodError: if this method estimates motion, is an upper bound or breaks the contract.
            DataError: if the frames are not as said.
        """
        if self.card.task != "deblur":
            raise MethodError(f"{self.name}: this method estimates motion; load one whose task is deblur")
        listed = list_sources(frames, "frame")
        refuse_text_order(listed, "frame")
        return deblur_frames(self._method, read_sources(listed, "frame"))  # type: ignore[arg-type]  # its task says so

    def estimate_flow(self, target: Source, source: Source) -> Flow:
        """Estimate the flow from target to source.

        Args:
            target, source: (H, W, 3) RGB, uint8 or floats in [0, 1], or the path of a PNG or JPEG file.

        Returns:
            (H, W, 2) float32, (x, y) in pixels, so that target(p) looks like source(p + flow(p)).

        Raises:
            MethodError: if this method deblurs, or breaks the contract.
            DataError: if the frames are not as said.
        """
        if self.card.task != "motion":
            raise MethodError(f"{self.name}: this method deblurs; load one whose task is motion")
        frames = read_sources([target, source], "frame")
        return flow_between(self._method, *frames)  # type: ignore[arg-type]  # its task says so

    @property
    def parameters(self) -> Mapping[str, int]:
        """Count the learned parameters by part ("deblur", "motion"); empty for a method without any."""
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
        ParamsError: if an option is unknown, or there is no such device.
    """
    if not isinstance(name, str):
        raise MethodError(f"a {type(name).__name__} is no method's name; give a string such as 'input'")
    if not isinstance(options or {}, Mapping):
        raise ParamsError(f"options: a {type(options).__name__}; give a dictionary of option to value")
    places = [_TREE / "methods", *installed_folders()] if methods is None else [as_path(methods, "methods")]
    folder = find_method(places, name)
    card = read_card(folder, name)
    load = load_deblurrer if card.task == "deblur" else load_motion_estimator
    method = load(folder, name)
    chosen = card.chosen(options or {}, "options")
    given = None if weights is None else as_path(weights, "weights")
    get_ready(method, folder, name, named_device(device), given=given, options=chosen)
    return LoadedMethod(name, card, method)


def deblur(
    frames: Source | Iterable[Source],
    method: str,
    *,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Image]:  # fmt: skip
    """Deblur a clip by a method of this repository or an installed package; see load_method and LoadedMethod.deblur."""
    return load_method(method, weights=weights, options=options).deblur(frames)


def estimate_flow(
    target: Source, source: Source, method: str = "tvl1", *, weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Flow:  # fmt: skip
    """Estimate the flow from target to source; see load_method and LoadedMethod.estimate_flow."""
    return load_method(method, weights=weights, options=options).estimate_flow(target, source)


def _as_bytes(source: object, name: str, data_range: float | None) -> Frame:
    """Read a frame as bytes; name says which it is, in messages."""
    values = read_source(source, name)
    if values.dtype == np.uint8:
        return values
    if not isinstance(data_range, int | float | np.number) or not 0 < data_range < np.inf:
        raise DataError(f"{name}: floats without their range; set data_range to the largest value possible, 1.0 or 255")
    if not (values.min() >= 0 and values.max() <= data_range):  # NaN is neither
        raise DataError(f"{name}: values from {values.min():.4g} to {values.max():.4g}; clip them to 0 to "
                        f"{data_range:g}, or correct data_range")  # fmt: skip
    if values.max() <= 1 < data_range and (values % 1).any():
        raise DataError(f"{name}: values from {values.min():.4g} to {values.max():.4g} of a range to {data_range:g}; "
                        "they seem to be of 0 to 1: give all frames in one range")  # fmt: skip
    return to_bytes(values / data_range)


def _stems(sources: Iterable[object]) -> list[str]:
    """The names of frames that are paths."""
    return [Path(source).stem for source in sources if isinstance(source, str | Path)]


def _pair(number: int, estimate: Frame, truth: Frame) -> FramePair:
    if estimate.shape != truth.shape:
        (h, w, _), (height, width, _) = estimate.shape, truth.shape
        raise DataError(f"frame {number}: the estimate is {w}x{h}, its truth {width}x{height}; give equal sizes")
    return FramePair(estimate, truth)
