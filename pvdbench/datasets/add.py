"""Make a data set of anybody's own frames: check them, copy them and write the manifest."""

import os
import re
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.core.notice import notice
from pvdbench.datasets.layouts.flat import frames_with
from pvdbench.datasets.layouts.layout import Layout, VideoFolders
from pvdbench.datasets.layouts.registry import frames_of, videos_of
from pvdbench.datasets.leftovers import tell_leftovers
from pvdbench.datasets.names import refuse_names
from pvdbench.datasets.verify import check_videos, refuse_problems, write_manifest
from pvdbench.datasets.video_check import VideoCheck, VideoJob
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.frame_folders import tell_doubts

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
TAKEN = frozenset(("archives", "checkpoints", "code", "complexity", "cost", "deblur", "given", "logs", "methods",
                   "motion", "packed", "published", "rendering", "scores", "training", "trials", "truth",
                   "weights"))  # fmt: skip
"""What else lies in data/."""


def add_dataset(name: str, folder: Path, out: Path, layout: Layout, jobs: int = 2) -> list[VideoCheck]:
    """Copy a folder of videos to out and write its manifest, after the checks that published data sets pass, too.

    The copy is whole or not at all; it holds no links, so that it can be moved, and kept by DVC.

    Args:
        name: of the data set, as a study's params.yaml will name it.
        folder: laid out as layout says; where the layout does not tell the split, all are test videos.
        out: must not exist yet.

    Returns: one check per video, of the files in folder.
    Raises:
        DataError: if the name cannot be used, out exists, no video is found, a video has a problem, or only some videos
            of a split have truth.
        WriteError: if the disk is full.
    """
    if not _NAME.fullmatch(name) or name in TAKEN:
        raise DataError(f"{name}: a data set's name is of letters, digits, '.', '_' and '-', and not that of another "
                        "folder in data/; choose one such as 'mine'")  # fmt: skip
    if os.path.lexists(out):  # a link to a disk that is not there, say
        raise DataError(f"{out}: there is a data set of this name; remove it or take another name")
    checks = check_videos(name, _jobs(folder, layout), jobs)
    refuse_problems(checks)
    for check in checks:
        if check.equal:
            notice(f"{check.job.blurry}: {check.equal} of its {len(check.blurry)} frames equal their sharp ones")
    with replaced_folder(out) as partial:
        write_manifest([_copied(check, partial) for check in checks], partial)
        (partial / ".gitignore").write_text("*\n", encoding="utf-8")  # frames are never Git's
    return checks


def _jobs(folder: Path, layout: Layout) -> list[VideoJob]:
    videos = videos_of(layout, folder)
    if not videos and not folder.is_dir():
        what = "this is a file" if folder.exists() else "this folder is not there"
        raise DataError(f"{folder}: {what}; name a folder of videos, each of them folders of PNG or JPEG frames (of a "
                        "video file, `pvdbench datasets synthesize` makes them)")  # fmt: skip
    if not videos:
        raise DataError(
            f"{folder}: no video lies there in the layout '{layout.name}', {layout.form}; see docs/datasets.md"
        )
    if layout.splits is not None and videos[0].split is None:
        raise DataError(f"{folder}: the layout '{layout.name}' does not tell training from test videos, its published "
                        f"list does; run `pvdbench datasets verify {layout.name} --folder {folder}`")  # fmt: skip
    jobs = [_job(layout, video) for video in videos]
    (split, video), count = Counter((job.split, job.video) for job in jobs).most_common(1)[0]
    if count > 1:
        raise DataError(f"{folder}: {count} videos of the split '{split}' are called {video}; rename all but one")
    for split in sorted({job.split for job in jobs}):
        _same_kind([job for job in jobs if job.split == split])
    if flat := [video for video in videos if video.prefix]:
        notice(f"{flat[0].blurry}: {len(flat)} videos by the names of their frames, {flat[0].video} the first")
    tell_leftovers(folder, videos)
    return jobs


def _job(layout: Layout, video: VideoFolders) -> VideoJob:
    frames = partial(frames_with, video.prefix, layout.frames) if video.prefix else layout.frames
    names = list(frames_of(replace(layout, frames=frames), video.blurry))
    if not names:
        raise DataError(f"{video.blurry}: no PNG or JPEG frames lie there; put the frames there")
    refuse_names(video.blurry, video.video, names)
    tell_doubts(video.blurry / f"{video.prefix}*" if video.prefix else video.blurry, names)
    return VideoJob(video.video, video.split or "test", names, video.blurry, video.sharp, frames)


def _same_kind(jobs: list[VideoJob]) -> None:
    without = [job.video for job in jobs if job.sharp is None]
    if without and len(without) < len(jobs):
        raise DataError(
            f"{jobs[0].blurry.parent.parent}: {without[0]} has no truth and other videos of its split have; "
            "add it, or make a data set of those without"
        )


def _copied(check: VideoCheck, out: Path) -> VideoCheck:
    base = out / check.job.split / check.job.video
    return replace(
        check,
        blurry=[_copy(path, base / "input") for path in check.blurry],
        sharp=[_copy(path, base / "GT") for path in check.sharp],
    )


def _copy(source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(source, folder / source.name))
