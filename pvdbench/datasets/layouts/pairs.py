"""Anybody's own frames: a folder VIDEO/{blur,sharp}, VIDEO/{input,GT} or VIDEO/{blur_gamma,sharp} per video."""

from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.layout import Layout, VideoFolders, subfolders

_PAIRS = (("blur", "sharp"), ("input", "GT"), ("blur_gamma", "sharp"))
_SPLITS = ("train", "test")


def _videos(folder: Path) -> list[VideoFolders]:
    splits = [split for split in _SPLITS if folder.joinpath(split).is_dir()]
    if not splits:
        return [_video(None, path) for path in subfolders(folder)]
    for split in splits:
        if not subfolders(folder / split):
            raise DataError(f"{folder / split}: this folder holds no folder of a video; fill it or remove it")
    return [_video(split, path) for split in splits for path in subfolders(folder / split)]


def _video(split: str | None, path: Path) -> VideoFolders:
    pairs = [pair for pair in _PAIRS if path.joinpath(pair[0]).is_dir()]
    if len(pairs) != 1:
        found = " and ".join(pair[0] for pair in pairs) or "none of them"
        raise DataError(f"{path}: a video has one folder of blurry frames, blur, input or blur_gamma, and this one has "
                        f"{found}; rename or remove folders, or name another layout by --layout")  # fmt: skip
    blurry, sharp = (path / kind for kind in pairs[0])
    return VideoFolders(path.name, split, blurry, sharp if sharp.is_dir() else None)


PAIRS = Layout(
    name="pairs",
    summary="anybody's own frames; a video without sharp frames has no truth",
    form="VIDEO/{blur,sharp}, VIDEO/{input,GT} or VIDEO/{blur_gamma,sharp}, at the top or in train/ and test/",
    videos=_videos,
)
