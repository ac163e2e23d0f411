"""Scores of any two folders of frames, a data set or not: what `pvdbench score folder` does."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.frame_folders import is_frame
from pvdbench.io.images import read_frame
from pvdbench.scoring.dataset import read_estimate
from pvdbench.scoring.executor import Jobs, in_order
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.protocol import Metric, Protocol
from pvdbench.scoring.registry import named_protocols, score_pair
from pvdbench.scoring.score_file import score_table, write_score_file


@dataclass(frozen=True)
class _Files:
    """The files of a frame: its name and number (from 1) in its clip, a folder within the folders or themselves."""

    name: str
    clip: str
    number: int
    estimate: Path
    truth: Path
    protocols: tuple[Protocol, ...]


@dataclass(frozen=True)
class Mean:
    """A metric's averages over frames and over clips; identical frames are left out, NaN where there are no others."""

    mean: float
    per_clip: float
    identical: int


@dataclass(frozen=True)
class Summary:
    """One protocol's averages over the frames that it counts, by metric, the protocol's first one first."""

    protocol: str
    counted: int
    means: Mapping[Metric, Mean]

    def __str__(self) -> str:
        """Print one line for the terminal."""
        (first, mean), *others = self.means.items()
        if not self.counted:
            return f"{self.protocol}: counts none of these frames"
        over = f"over {self.counted} frame{'s' if self.counted > 1 else ''}"
        if mean.identical == self.counted:
            return f"{self.protocol}: identical {over}"
        left_out = f"; {mean.identical} identical left out of the {first.label}" if mean.identical else ""
        value, per_clip = (_text(number, first) for number in (mean.mean, mean.per_clip))
        also = "".join(_other(*other) for other in others)
        return f"{self.protocol}: {value} (per clip {per_clip}){also} {over}{left_out}"


def _text(value: float, metric: Metric) -> str:
    return f"{value:.{metric.digits}f} {metric.unit}".rstrip()


def _other(metric: Metric, mean: Mean) -> str:
    if metric.better == "neither" or math.isnan(mean.mean):
        return ""
    return f", {metric.label} {mean.mean:.{metric.digits + 1}f} {metric.unit}".rstrip()


def score_folders(
    truth: Path, estimate: Path, out: Path | None = None, *, protocols: str | Iterable[str],
    frame_offset: int | None = None, jobs: Jobs = 1,
) -> tuple[pd.DataFrame, list[Summary]]:  # fmt: skip
    """Score the frames of estimate against those of truth.

    Frames are paired by name, path within the folder included; sub-folders are clips. With an offset they are paired by
    their order in their clip: the first estimate with the truth so many frames later, for methods whose output starts
    late (the authors' evaluation of OVD).

    Args:
        truth, estimate: folders of 8-bit RGB frames, PNG or JPEG.
        out: the score file to write, if any: dataset is the name of truth, method that of estimate, video the clip's
            path.
        protocols: names, or "all".
        jobs: processes; the scores are the same for any number.

    Returns: the scores, and a summary per protocol.
    Raises:
        DataError: if a folder is empty, a frame has no partner, is damaged or not of its partner's size.
        ParamsError: if there is no protocol of a name.
    """
    chosen = named_protocols(protocols, any_frames=True)
    pairs = _pairs(truth, estimate, chosen, frame_offset)
    names = {"dataset": truth.resolve().name, "method": estimate.resolve().name, "task": "deblur"}
    rows = [names | row for of_frame in in_order(_score, pairs, jobs=jobs) for row in of_frame]
    table = score_table(rows, chosen)
    if out is not None:
        write_score_file(out, table)
    return table, [_summary(protocol, table[table["protocol"] == protocol.name]) for protocol in chosen]


def _score(files: _Files) -> list[dict[str, Any]]:
    truth = read_frame(files.truth)
    pair = FramePair(read_estimate(files.estimate, truth, files.truth), truth)
    scores = score_pair(pair, files.protocols)
    return [
        {"video": files.clip, "frame": files.name, "protocol": protocol.name,
         "counted": protocol.counted(files.number), **scores[protocol.name]}
        for protocol in files.protocols
        if protocol.name in scores
    ]  # fmt: skip


def _summary(protocol: Protocol, scores: pd.DataFrame) -> Summary:
    counted = scores[scores["counted"]]
    means = {metric: _mean(counted[metric.name], counted["video"]) for metric in protocol.metrics}
    return Summary(protocol.name, len(counted), means)


def _mean(values: "pd.Series[float]", clips: "pd.Series[str]") -> Mean:
    finite = values[~np.isinf(values)]
    by_clip = finite.groupby(clips[finite.index]).mean()
    return Mean(float(finite.mean()), float(by_clip.mean()), len(values) - len(finite))


def _pairs(truth: Path, estimate: Path, protocols: tuple[Protocol, ...], offset: int | None) -> list[_Files]:
    truths, estimates = _clips(truth), _clips(estimate)
    for clips, folder, other in ((truths, estimate, estimates), (estimates, truth, truths)):
        for clip in sorted(clips.keys() - other.keys()):
            raise DataError(f"{folder} has no frames of the clip '{clip}'; add them or remove the others")
    return [
        _Files(frame, clip, number, ours, theirs, protocols)
        for clip in truths
        for frame, number, ours, theirs in _paired(truths[clip], estimates[clip], offset)
    ]


def _clips(folder: Path) -> dict[str, dict[str, Path]]:
    """List the frames of every clip by name, both sorted."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder; correct the path")
    clips: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        if is_frame(path) and path.is_file():
            frames = clips.setdefault(path.parent.relative_to(folder).as_posix(), {})
            if path.stem in frames:
                raise DataError(f"{path}: there is {frames[path.stem].name}, too; keep one file per frame")
            frames[path.stem] = path
    if not clips:
        raise DataError(f"{folder} holds no PNG or JPEG frames; name the folder that does")
    return clips


def _paired(
    truths: dict[str, Path], estimates: dict[str, Path], offset: int | None
) -> Iterator[tuple[str, int, Path, Path]]:
    """Frame name, number in the truth's clip from 1, estimate and truth."""
    if offset is None:
        _check_names(truths, estimates)
        for number, name in enumerate(truths, start=1):
            yield name, number, estimates[name], truths[name]
        return
    names, ours = list(truths), list(estimates.values())
    places = range(max(offset, 0), min(len(names), len(ours) + offset))
    if not places:
        raise DataError(f"{ours[0].parent}: an offset of {offset} pairs none of these frames with the {len(names)} of "
                        "the truth; give another --frame-offset")  # fmt: skip
    for i in places:
        yield names[i], i + 1, ours[i - offset], truths[names[i]]


def _check_names(truths: dict[str, Path], estimates: dict[str, Path]) -> None:
    for names, others, what in ((truths, estimates, "estimate"), (estimates, truths, "truth")):
        for name in names:
            if name not in others:
                folder = next(iter(others.values())).parent
                raise DataError(f"{names[name]} has no {what} of its name in {folder}; make it, remove the other, or "
                                "pair frames by their order with --frame-offset")  # fmt: skip
