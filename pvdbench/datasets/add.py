"""Anyone's own frames as a data set: a folder of VIDEO/{blur,sharp} or VIDEO/{input,GT}, copied and described."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.datasets.verify import check_videos, refuse_problems, write_manifest
from pvdbench.datasets.video_check import VideoCheck, VideoJob, frame_files
from pvdbench.io.atomic import replaced_folder

_PAIRS = (("blur", "sharp"), ("input", "GT"), ("blur_gamma", "sharp"))
_SPLITS = ("train", "test")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
TAKEN = frozenset(("archives", "checkpoints", "code", "cost", "deblur", "given", "logs", "methods", "motion", "packed",
                   "published", "rendering", "scores", "starts", "training", "trials", "weights"))  # fmt: skip
"""What else lies in data/."""


def add_dataset(name: str, folder: Path, out: Path, jobs: int = 2) -> list[VideoCheck]:
    """Copy a folder of videos to out and write its manifest, after the checks that published data sets pass, too.

    The copy is whole or not at all; it holds no links, so that it can be moved, and kept by DVC.

    Args:
        name: of the data set, as a study's params.yaml will name it.
        folder: VIDEO/{blur,sharp}, VIDEO/{input,GT} or VIDEO/{blur_gamma,sharp}, or such videos in train/ and test/. A
            video without a sharp folder has no truth. Without train/ and test/ all are test videos.
        out: must not exist yet.

    Returns: one check a video, of the files in folder.
    Raises:
        DataError: if name is none, out exists, no video is found, a video has a problem, or only some videos of a split
            have truth.
        WriteError: if the disk is full.
    """
    if not _NAME.fullmatch(name) or name in TAKEN:
        raise DataError(f"{name}: expected a name of letters, digits, '.', '_' and '-' that nothing else in data/ has, "
                        "got another; choose one such as 'mine'")  # fmt: skip
    if out.exists():
        raise DataError(f"{out}: expected a new data set, found one; remove it or take another name")
    checks = check_videos(name, list(_jobs(folder)), jobs)
    refuse_problems(checks)
    with replaced_folder(out) as partial:
        write_manifest([_copied(check, partial) for check in checks], partial)
        (partial / ".gitignore").write_text("*\n")  # frames are never Git's
    return checks


def _jobs(folder: Path) -> Iterator[VideoJob]:
    tops = [(split, folder / split) for split in _SPLITS if folder.joinpath(split).is_dir()] or [("test", folder)]
    for split, top in tops:
        jobs = [_job(split, path) for path in _folders(top)]
        if not jobs:
            raise DataError(f"{top}: expected folders VIDEO/blur and VIDEO/sharp, or VIDEO/input and VIDEO/GT, "
                            "found no VIDEO; see docs/datasets.md")  # fmt: skip
        _same_kind(jobs)
        yield from jobs


def _folders(top: Path) -> list[Path]:
    found = sorted(top.iterdir()) if top.is_dir() else []
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]


def _job(split: str, path: Path) -> VideoJob:
    pairs = [pair for pair in _PAIRS if path.joinpath(pair[0]).is_dir()]
    if len(pairs) != 1:
        found = " and ".join(pair[0] for pair in pairs) or "none"
        raise DataError(f"{path}: expected one folder of blurry frames, blur, input or blur_gamma, got {found}; "
                        "rename or remove folders")  # fmt: skip
    blurry, sharp = (path / kind for kind in pairs[0])
    names = list(frame_files(blurry))
    if not names:
        raise DataError(f"{blurry}: expected PNG or JPEG frames, found none; put the frames there")
    if len({len(name) for name in names}) > 1:
        raise DataError(f"{blurry}: expected names of one length, so that they sort in order of time, got {names[0]} "
                        f"and {max(names, key=len)}; pad the numbers with zeros")  # fmt: skip
    return VideoJob(path.name, split, names, blurry, sharp if sharp.is_dir() else None)


def _same_kind(jobs: list[VideoJob]) -> None:
    without = [job.video for job in jobs if job.sharp is None]
    if without and len(without) < len(jobs):
        raise DataError(f"{jobs[0].blurry.parent.parent}: expected truth for all videos of a split or for none, "
                        f"got none for {without[0]}; add it, or make a data set of those without")  # fmt: skip


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
