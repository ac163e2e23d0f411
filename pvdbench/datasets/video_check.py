"""Check one video of frames on disk: names, sizes, decoding, and whether blurry and sharp frames belong together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.layout import frames_in
from pvdbench.io.images import Frame, read_frame

_CLOSER = 0.98  # how much nearer a neighbour must be to count: in a clip at rest all are as near, but for noise
_STEP = 2  # every second row and column of green tells as much as all do, in a fraction of the time

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class VideoJob:
    """A video to check.

    Attributes:
        names: of the frames that it must hold, in order.
        blurry: the folder of its blurry frames.
        sharp: the folder of its sharp frames, or None where there is no truth.
        frames: from a folder to the file of each frame by its name, as its layout has it.
    """

    video: str
    split: str
    names: Sequence[str]
    blurry: Path
    sharp: Path | None
    frames: Callable[[Path], Mapping[str, Path]] = frames_in


@dataclass
class VideoCheck:
    """What a video holds.

    own and neighbour are mean squared differences in bytes of a sharp frame to its own blurry frame, and to the nearer
    of the two neighbours'; both are means over the video, NaN where there is no truth. blurry_detail and sharp_detail
    are mean squared differences of adjacent pixels; equal counts frames whose blurry and sharp pixels are the same.
    """

    job: VideoJob
    blurry: list[Path] = field(default_factory=list)
    sharp: list[Path] = field(default_factory=list)
    width: int = 0
    height: int = 0
    own: float = np.nan
    neighbour: float = np.nan
    blurry_detail: float = np.nan
    sharp_detail: float = np.nan
    equal: int = 0
    problems: list[str] = field(default_factory=list)


def check_video(job: VideoJob) -> VideoCheck:
    """Decode every frame of a video once; at most four frames are in memory at a time."""
    check = VideoCheck(job)
    try:
        check.blurry = _listed(job, job.blurry)
        check.sharp = _listed(job, job.sharp) if job.sharp else []
        _look(check)
    except DataError as error:
        check.problems.append(str(error))
    return check


def _listed(job: VideoJob, folder: Path) -> list[Path]:
    """List the files of the job's frames in one of its folders, in order."""
    names = [normalize("NFC", name) for name in job.names]  # macOS writes accents as letters of their own
    found = {normalize("NFC", name): path for name, path in job.frames(folder).items()}
    there = f"{folder}: this folder must hold the frames {names[0]} to {names[-1]}"
    if {name.lstrip("0") for name in names} == {name.lstrip("0") for name in found} and not found.keys() & set(names):
        raise DataError(f"{there}, and its files are called {next(iter(found))} and so on, with other zeros: a "
                        "spreadsheet changed the list, or a program the names; restore them")  # fmt: skip
    if len(found) == len(names) > 0 and not found.keys() & set(names):
        raise DataError(f"{there}, and its files are called {next(iter(found))} and so on; a frame has one name "
                        "everywhere: rename these")  # fmt: skip
    if missing := [name for name in names if name not in found]:
        raise DataError(f"{there}; {len(missing)} of {len(names)} are missing, {missing[0]} the first: fetch or "
                        "unpack it again")  # fmt: skip
    if extra := sorted(found.keys() - set(names)):
        raise DataError(f"{there}, and holds {extra[0]}{_more(extra)}, too: fetch or unpack it again, or remove what "
                        "is not of the data set")  # fmt: skip
    return [found[name] for name in names]


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _look(check: VideoCheck) -> None:
    pairs = _Pairs()
    for t, path in enumerate(check.blurry):
        blurry = _read(check, path)
        pairs.add(blurry, _read(check, check.sharp[t]) if check.sharp else None)
    pairs.report(check)


def _read(check: VideoCheck, path: Path) -> Frame:
    frame = read_frame(path)
    height, width = frame.shape[:2]
    if not check.width:
        check.width, check.height = width, height
    if (width, height) != (check.width, check.height):
        raise DataError(f"{path}: this frame is of {width}x{height}, {check.blurry[0]} of "
                        f"{check.width}x{check.height}; all frames of a video have one size")  # fmt: skip
    return frame


class _Pairs:
    """Differences of blurry and sharp frames, summed while a video goes by."""

    def __init__(self) -> None:
        self._before: tuple[Samples, Samples] | None = None
        self._own: list[float] = []
        self._earlier: list[float] = []  # sharp t against blurry t - 1
        self._later: list[float] = []  # sharp t - 1 against blurry t
        self._detail: list[tuple[float, float]] = []
        self._equal = 0

    def add(self, blurry: Frame, sharp: Frame | None) -> None:
        if sharp is None:
            return
        self._equal += np.array_equal(blurry, sharp)
        now = _samples(blurry), _samples(sharp)
        self._own.append(_distance(*now))
        self._detail.append((_detail(blurry), _detail(sharp)))
        if self._before is not None:
            self._earlier.append(_distance(now[1], self._before[0]))
            self._later.append(_distance(self._before[1], now[0]))
        self._before = now

    def report(self, check: VideoCheck) -> None:
        if not self._own:
            return
        check.own = float(np.mean(self._own))
        check.equal = self._equal
        check.blurry_detail, check.sharp_detail = (float(mean) for mean in np.mean(self._detail, 0))
        if self._earlier:
            check.neighbour = min(float(np.mean(self._earlier)), float(np.mean(self._later)))
        check.problems += _judge(check)


def _judge(check: VideoCheck) -> list[str]:
    job = check.job
    if 2 * check.equal > len(check.sharp):
        return [f"{job.blurry}: {check.equal} of its {len(check.sharp)} frames equal those of {job.sharp}; put blurry "
                "frames there, or add them without truth"]  # fmt: skip
    if check.blurry_detail > check.sharp_detail:
        return [f"{job.blurry}: its frames have more detail ({check.blurry_detail:.1f}) than those of {job.sharp} "
                f"({check.sharp_detail:.1f}); blurry and sharp seem swapped"]  # fmt: skip
    if check.neighbour < _CLOSER * check.own:
        return [
            f"{job.sharp}: its frames differ more from their own blurry frames (mean square {check.own:.1f}) "
            f"than from neighbouring ones ({check.neighbour:.1f}); the frames are shifted"
        ]
    return []


def _samples(frame: Frame) -> Samples:
    return frame[::_STEP, ::_STEP, 1].astype(np.float32)


def _distance(one: Samples, other: Samples) -> float:
    return float(np.square(one - other).mean(dtype=np.float64))


def _detail(frame: Frame) -> float:
    across = np.diff(frame[:: 2 * _STEP, :, 1].astype(np.float32), axis=1)
    down = np.diff(frame[:, :: 2 * _STEP, 1].astype(np.float32), axis=0)
    return float(np.square(across).mean() + np.square(down).mean())
