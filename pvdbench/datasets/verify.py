"""Check every frame of a published data set (Sec. 4.1) against data/splits.csv, and write its manifest."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from pvdbench.core.errors import DataError, choices
from pvdbench.core.working_folder import in_this_folder
from pvdbench.datasets.layouts.layout import Layout, VideoFolders
from pvdbench.datasets.layouts.registry import videos_of
from pvdbench.datasets.names import refuse_names
from pvdbench.datasets.video_check import VideoCheck, VideoJob, check_video
from pvdbench.io.frame_folders import is_foreign, tell_passed_over
from pvdbench.io.tables import MANIFEST, SPLITS, read_table, write_table


@dataclass(frozen=True)
class VideoSplit:
    """One video, its split and the names of its frames in order."""

    video: str
    split: str
    frames: tuple[str, ...]


def read_splits(path: Path, dataset: str) -> dict[str, VideoSplit]:
    """Read the videos of one data set, by name.

    Args:
        dataset: "su", "nah" or "real", as the table names it.

    Raises:
        DataError: if the table is missing or damaged, contradicts itself or does not hold the data set.
    """
    if not path.exists():
        raise DataError(f"{path}: the list of published videos is not there; run at the top of pvdbench's clone, or "
                        "name its data/splits.csv by --splits")  # fmt: skip
    table = read_table(path, SPLITS)
    rows = table[table["dataset"] == dataset]
    if rows.empty:
        known = choices(sorted(table["dataset"].unique()))
        raise DataError(f"{path}: it lists no video of '{dataset}', but of {known}; name another file by --splits")
    if len(twice := rows[rows.duplicated("video")]):
        raise DataError(f"{path}: {twice['video'].iloc[0]} is listed twice; remove one row")
    return {str(row.video): _video(path, row) for row in rows.itertuples()}


_DIGITS = 20  # of a frame's number
_MOST_FRAMES = 1_000_000
"""Of a video, by its row: nine hours at 30 a second; more is a mistake that would take the memory."""


def _video(path: Path, row: object) -> VideoSplit:
    first, last, count = str(row.first_frame), str(row.last_frame), row.frames  # type: ignore[attr-defined]
    if not (first.isdecimal() and last.isdecimal() and len(first) <= _DIGITS):
        raise DataError(f"{path}: {row.video}: {first} to {last} are no numbers; correct the row")  # type: ignore[attr-defined]
    if len(first) != len(last):
        raise DataError(f"{path}: {row.video}: {first} and {last} differ in width, as if the "  # type: ignore[attr-defined]
                        "numbers lost their zeros: a spreadsheet changed it; restore the list")  # fmt: skip
    if int(last) - int(first) + 1 != count or not 0 < count <= _MOST_FRAMES or not row.consecutive:  # type: ignore[attr-defined]
        raise DataError(f"{path}: {row.video}: {first} to {last} are not {count} consecutive "  # type: ignore[attr-defined]
                        "frames; correct the row")  # fmt: skip
    names = tuple(f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1))
    refuse_names(path, str(row.video), names[:1])  # type: ignore[attr-defined]
    return VideoSplit(str(row.video), str(row.split), names)  # type: ignore[attr-defined]


def verify_dataset(layout: Layout, folder: Path, splits: Path, jobs: int = 2) -> list[VideoCheck]:
    """Check every frame of a published data set; each is decoded once.

    Args:
        layout: of the data set, which has a published list.
        folder: the unpacked archive.
        splits: the table of videos and frames that it must hold.
        jobs: processes.

    Returns: one check per video, sorted by split and name; each names its own problems.
    Raises:
        DataError: if the folder is not laid out like this, or a video is missing or too many.
    """
    assert layout.splits is not None
    listed = read_splits(splits, layout.splits)
    found = _by_name(videos_of(layout, folder))
    if not found:
        what = f"no video lies there in the layout '{layout.name}', {layout.form}"
        raise DataError(f"{folder}: {what if folder.is_dir() else 'this folder is not there'}; run `pvdbench datasets "
                        f"fetch {layout.folder or layout.name}` or name its folder by --folder")  # fmt: skip
    _same_videos(folder, listed, found)
    used = [place for video in found.values() for place in (video.blurry, video.sharp) if place and place.is_dir()]
    tell_passed_over(folder, [path for place in used for path in sorted(place.iterdir()) if is_foreign(path)])
    order = sorted(listed.values(), key=lambda video: (video.split, video.video))
    return check_videos(layout.name, [_job(layout, video, found[video.video]) for video in order], jobs)


def check_videos(name: str, todo: list[VideoJob], jobs: int = 2) -> list[VideoCheck]:
    """Check videos, several at a time."""
    check = in_this_folder(check_video)
    results = Parallel(n_jobs=jobs, return_as="generator")(delayed(check)(job) for job in todo)
    return list(tqdm(results, f"verify {name}", total=len(todo), mininterval=1))


def refuse_problems(checks: list[VideoCheck]) -> None:
    """Raise the first problem, if there is any.

    Raises:
        DataError: with the number of problems.
    """
    problems = [problem for check in checks for problem in check.problems]
    if problems:
        more = f" (and {len(problems) - 1} more problems, one per video)" if len(problems) > 1 else ""
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


def _by_name(videos: Sequence[VideoFolders]) -> dict[str, VideoFolders]:
    found: dict[str, VideoFolders] = {}
    for video in videos:
        if (other := found.setdefault(video.video, video)) is not video:
            raise DataError(f"{video.blurry.parent}: this video is in {other.blurry.parent.parent}, too; remove one")
    return found


def _same_videos(folder: Path, listed: dict[str, VideoSplit], found: dict[str, VideoFolders]) -> None:
    extra = sorted(found.keys() - listed.keys())
    if missing := sorted(listed.keys() - found.keys()):
        more = f" ({_few(extra)} there, and not listed)" if extra else ""
        raise DataError(f"{folder}: {len(missing)} of {len(listed)} videos are missing: {_few(missing)}; fetch or "
                        f"unpack it again{more}")  # fmt: skip
    if extra:
        raise DataError(f"{folder}: the list of {len(listed)} videos does not have {_few(extra)}; remove what is "
                        "not of the data set")  # fmt: skip
    for name, video in found.items():
        if video.split not in (None, listed[name].split):
            raise DataError(f"{video.blurry.parent}: this video belongs to the split '{listed[name].split}', not "
                            f"'{video.split}'; move it")  # fmt: skip


def _few(names: Iterable[str], most: int = 3) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _job(layout: Layout, listed: VideoSplit, found: VideoFolders) -> VideoJob:
    return VideoJob(listed.video, listed.split, listed.frames, found.blurry, found.sharp, layout.frames)


COLUMNS = ("split", "video", "frames", "size", "own", "neighbour", "state")
NUMBERS = ("frames", "size", "own", "neighbour")
"""Of the columns, those of numbers; own and neighbour are mean squared differences of sharp frames to blurry ones, in
bytes."""


def check_rows(checks: list[VideoCheck]) -> Iterator[tuple[str, ...]]:
    """Describe each video in words, one row of COLUMNS per video."""
    for check in checks:
        size = f"{check.width}x{check.height}"
        numbers = str(len(check.blurry)), size, _number(check.own), _number(check.neighbour)
        yield check.job.split, check.job.video, *numbers, _state(check)


def count_lines(checks: list[VideoCheck]) -> Iterator[str]:
    """Count videos and frames, one line per split."""
    for split in sorted({check.job.split for check in checks}):
        those = [check for check in checks if check.job.split == split]
        yield f"{split}: {len(those)} videos, {sum(len(check.blurry) for check in those)} frames"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.1f}"


def _state(check: VideoCheck) -> str:
    if check.problems:
        return check.problems[0]
    return "ok, portrait" if check.height > check.width else "ok"
