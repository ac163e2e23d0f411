"""What is wrong with a layout that another package registers, or with the videos that it finds in a folder."""

import re
from pathlib import Path

from pvdbench.datasets.layouts.layout import Layout, VideoFolders

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")  # suits a folder and a command line
_SPLITS = ("train", "test", None)


def layout_fault(layout: object) -> str:
    """Say what keeps an object from being a layout; empty where nothing does."""
    if not isinstance(layout, Layout):
        return f"it is a {type(layout).__name__}, not a pvdbench.datasets.layouts.layout.Layout"
    if not isinstance(layout.name, str) or not _NAME.fullmatch(layout.name):
        return f"{layout.name!r} cannot be a layout's name; choose letters, digits and hyphens"
    if not all(isinstance(text, str) for text in (layout.summary, layout.form, layout.source, layout.folder)):
        return f"summary, form, source and folder of '{layout.name}' must be texts"
    if not callable(layout.videos) or not callable(layout.frames):
        return f"videos and frames of '{layout.name}' must be functions"
    return ""


def videos_fault(videos: object) -> str:
    """Say what keeps an object from being the videos of a folder; empty where nothing does."""
    if not isinstance(videos, list | tuple):
        return f"videos gave a {type(videos).__name__}, no list"
    for video in videos:
        if not isinstance(video, VideoFolders):
            return f"videos gave a {type(video).__name__}, no VideoFolders"
        if video.split not in _SPLITS:
            return f"videos gave the split {video.split!r}; it must be 'train', 'test' or None"
        if not isinstance(video.blurry, Path) or not isinstance(video.sharp, Path | None):
            return "videos gave folders that are no Paths"
    return ""
