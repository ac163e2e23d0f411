"""Every frame of a published data set checked against its published list."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.published import PUBLISHED, FoundVideo, find_videos
from pvdbench.datasets.splits import VideoSplit, read_splits
from pvdbench.datasets.video_check import VideoCheck, VideoJob, check_video
from pvdbench.io.tables import MANIFEST, write_table


def verify_dataset(name: str, folder: Path, splits: Path, jobs: int = 2) -> list[VideoCheck]:
    """Look at every frame of a published data set once.

    Args:
        name: "su", "nah", "nah-linear" or "real".
        folder: the unpacked archive.
        splits: the table of videos and frames that it must hold.
        jobs: processes.

    Returns: one check a video, sorted by split and name; each names its own problems.
    Raises:
        DataError: if the layout is not known, or a video is missing or too many.
    """
    listed = read_splits(splits, PUBLISHED[name].splits)
    found = find_videos(name, folder)
    _same_videos(folder, listed, found)
    order = sorted(listed.values(), key=lambda video: (video.split, video.video))
    return check_videos(name, [_job(video, found[video.video]) for video in order], jobs)


def check_videos(name: str, todo: list[VideoJob], jobs: int = 2) -> list[VideoCheck]:
    """Look at videos, several at a time."""
    results = Parallel(n_jobs=jobs, return_as="generator")(delayed(check_video)(job) for job in todo)
    return list(tqdm(results, f"verify {name}", total=len(todo), mininterval=1))


def refuse_problems(checks: list[VideoCheck]) -> None:
    """Raise the first problem, if there is any.

    Raises:
        DataError: with the number of problems.
    """
    problems = [problem for check in checks for problem in check.problems]
    if problems:
        more = f" (and {len(problems) - 1} more problems, one a video)" if len(problems) > 1 else ""
        raise DataError(f"{problems[0]}{more}")


def write_manifest(checks: list[VideoCheck], out: Path) -> None:
    """Write out/manifest.csv, its paths relative to out.

    Raises:
        DataError: if a video has a problem; nothing is written.
        WriteError: if the disk is full.
    """
    refuse_problems(checks)
    rows = [row for check in checks for row in _rows(check, out)]
    write_table(out / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)


def _rows(check: VideoCheck, out: Path) -> Iterator[tuple[object, ...]]:
    def relative(path: Path) -> str:
        return Path(os.path.relpath(path.absolute(), out.absolute())).as_posix()

    sharp: list[str | None] = [relative(path) for path in check.sharp] or [None] * len(check.blurry)
    for t, name in enumerate(check.job.names):
        files = relative(check.blurry[t]), sharp[t], None, None
        yield check.job.video, check.job.split, name, *files, check.width, check.height


def _same_videos(folder: Path, listed: dict[str, VideoSplit], found: dict[str, FoundVideo]) -> None:
    if missing := sorted(listed.keys() - found.keys()):
        raise DataError(f"{folder}: expected {len(listed)} videos, {len(missing)} are missing: {_few(missing)}; "
                        "fetch or unpack it again")  # fmt: skip
    if extra := sorted(found.keys() - listed.keys()):
        raise DataError(f"{folder}: expected the {len(listed)} videos of the split, got {_few(extra)}, too; "
                        "remove what is not of the data set")  # fmt: skip
    for name, video in found.items():
        if video.split not in (None, listed[name].split):
            raise DataError(f"{video.blurry.parent}: expected split '{listed[name].split}', got '{video.split}'; "
                            "move the video")  # fmt: skip


def _few(names: Iterable[str], most: int = 3) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _job(listed: VideoSplit, found: FoundVideo) -> VideoJob:
    return VideoJob(listed.video, listed.split, listed.frames, found.blurry, found.sharp)


_COLUMNS = f"{'split':5}  {'video':40} {'frames':>6}  {'size':>9}  {'own':>7} {'neighbour':>9}  state"


def check_lines(checks: list[VideoCheck]) -> Iterator[str]:
    """The table; own and neighbour are mean squared differences of sharp frames to blurry ones, in bytes."""
    yield _COLUMNS
    for check in checks:
        job, size = check.job, f"{check.width}x{check.height}"
        yield (f"{job.split:5}  {job.video:40} {len(check.blurry):6}  {size:>9}  "
               f"{_number(check.own):>7} {_number(check.neighbour):>9}  {_state(check)}")  # fmt: skip
    for split in sorted({check.job.split for check in checks}):
        those = [check for check in checks if check.job.split == split]
        yield f"{split}: {len(those)} videos, {sum(len(check.blurry) for check in those)} frames"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.1f}"


def _state(check: VideoCheck) -> str:
    if check.problems:
        return check.problems[0]
    return "ok, portrait" if check.height > check.width else "ok"
