"""Scoring any two folders of frames, a data set or not: what `pvdbench score folder` does."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.images import read_frame
from pvdbench.io.tables import FOLDER_SCORES, write_table
from pvdbench.scoring.executor import Jobs, in_order
from pvdbench.scoring.frame_pair import Pair, read_estimate
from pvdbench.scoring.registry import PROTOCOLS, Protocol, named_protocols, score_pair

_ENDINGS = {".png", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class FramePair:
    """The files of a frame: its name and number (from 1) in its clip, a folder within the folders or themselves."""

    name: str
    clip: str
    number: int
    estimate: Path
    truth: Path
    protocols: tuple[Protocol, ...]


@dataclass(frozen=True)
class Summary:
    """One protocol's averages; PSNR leaves identical frames out and is NaN where there are no others."""

    protocol: str
    counted: int
    identical: int
    psnr_db: float
    psnr_db_per_clip: float
    ssim: float

    def __str__(self) -> str:
        """One line for the terminal."""
        if not self.counted:
            return f"{self.protocol}: counts none of these frames"
        over = f"over {self.counted} frame{'s' if self.counted > 1 else ''}"
        if self.identical == self.counted:
            return f"{self.protocol}: identical {over}"
        ssim = "" if math.isnan(self.ssim) else f", SSIM {self.ssim:.4f}"
        left_out = f"; {self.identical} identical left out of the PSNR" if self.identical else ""
        clips = f" (per clip {self.psnr_db_per_clip:.2f} dB)"
        return f"{self.protocol}: {self.psnr_db:.2f} dB{clips}{ssim} {over}{left_out}"


def score_folders(
    truth: Path, estimate: Path, out: Path, *, protocols: Sequence[str], frame_offset: int | None = None, jobs: Jobs = 1
) -> list[Summary]:
    """Score the frames of estimate against those of truth and write out (FOLDER_SCORES).

    Frames are paired by name, path within the folder included; sub-folders are clips. With an offset they are paired by
    their order in their clip: the first estimate with the truth so many frames later, for methods whose output starts
    late (the authors' evaluation of OVD).

    Args:
        protocols: names, or "all".
        jobs: processes; the file is the same for any number.

    Returns: a summary a protocol.
    Raises:
        DataError: if a folder is empty, a frame has no partner, is damaged or not of its partner's size.
        ParamsError: if there is no protocol of a name.
    """
    pairs = _pairs(truth, estimate, tuple(named_protocols(protocols)), frame_offset)
    rows = [row for of_frame in in_order(_score, pairs, jobs=jobs) for row in of_frame]
    table = pd.DataFrame(rows)
    write_table(out, table, FOLDER_SCORES)
    return [_summary(str(name), scores) for name, scores in table.groupby("protocol", sort=False)]


def _score(pair: FramePair) -> list[dict[str, Any]]:
    truth = read_frame(pair.truth)
    scores = score_pair(Pair(read_estimate(pair.estimate, truth, pair.truth), truth), pair.protocols)
    return [
        {"frame": pair.name, "clip": pair.clip, "protocol": name, **vars(score)}
        | {"counted": PROTOCOLS[name].counts(pair.number)}
        for name, score in scores.items()
    ]


def _summary(protocol: str, scores: pd.DataFrame) -> Summary:
    counted = scores[scores["counted"]]
    finite = counted[np.isfinite(counted["psnr_db"])]
    per_clip = finite.groupby("clip")["psnr_db"].mean().mean()
    return Summary(
        protocol,
        len(counted),
        len(counted) - len(finite),
        float(finite["psnr_db"].mean()),
        float(per_clip),
        float(counted["ssim"].mean()),
    )


def _pairs(truth: Path, estimate: Path, protocols: tuple[Protocol, ...], offset: int | None) -> list[FramePair]:
    truths, estimates = _clips(truth), _clips(estimate)
    for clips, folder, other in ((truths, estimate, estimates), (estimates, truth, truths)):
        for clip in sorted(clips.keys() - other.keys()):
            raise DataError(f"{folder / clip}: expected frames of '{clip}', found none; add them or remove the others")
    return [
        FramePair(frame if clip == "." else f"{clip}/{frame}", clip, number, ours, theirs, protocols)
        for clip in truths
        for frame, number, ours, theirs in _paired(truths[clip], estimates[clip], offset)
    ]


def _clips(folder: Path) -> dict[str, dict[str, Path]]:
    """Frames by name of every clip, both sorted."""
    clips: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _ENDINGS and path.is_file():
            frames = clips.setdefault(path.parent.relative_to(folder).as_posix(), {})
            if path.stem in frames:
                raise DataError(f"{path}: expected one file a frame, got {frames[path.stem].name}, too; remove one")
            frames[path.stem] = path
    if not clips:
        raise DataError(f"{folder}: expected PNG or JPEG frames, found none; name the folder that holds them")
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
        raise DataError(f"{ours[0].parent}: expected frames that an offset of {offset} pairs with the {len(names)} of "
                        "the truth, found none; give another offset")  # fmt: skip
    for i in places:
        yield names[i], i + 1, ours[i - offset], truths[names[i]]


def _check_names(truths: dict[str, Path], estimates: dict[str, Path]) -> None:
    for names, others, what in ((truths, estimates, "an estimate"), (estimates, truths, "a truth")):
        for name in names:
            if name not in others:
                folder = next(iter(others.values())).parent
                raise DataError(f"{names[name]}: expected {what} of the same name in {folder}, found none; make or "
                                "remove it, or pair frames by order with --frame-offset")  # fmt: skip
