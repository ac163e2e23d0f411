"""Name what lies in a stranger's data set and is not taken, so that nothing is left out in silence."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from pvdbench.core.notice import notice
from pvdbench.datasets.layouts.layout import VideoFolders
from pvdbench.datasets.layouts.tree import folders_of
from pvdbench.io.frame_folders import tell_passed_over

_MADE_HERE = ("blur.csv",)  # by `datasets synthesize`, beside the frames


def tell_leftovers(folder: Path, videos: Sequence[VideoFolders]) -> None:
    """Say which folders of frames and files below a folder are no video's, one notice for all of a name or place.

    What is hidden, and what systems leave behind, is counted.
    """
    used = {path for video in videos for path in (video.blurry, video.sharp) if path}
    tree = list(folders_of(folder))
    frames = [each.path for each in tree if each.frames and each.path not in used]
    by_name, by_place = _grouped(frames, lambda path: path.name), _grouped(frames, lambda path: path.parent)
    for paths in min(by_place, by_name, key=len):
        notice(f"{paths[0]}: passed over, frames that no video is made of{_more(paths, 'such folders')}")
    files = [path for each in tree for path in each.others if path.name not in _MADE_HERE]
    for paths in _grouped(files, lambda path: path.suffix or path.name):
        notice(f"{paths[0]}: passed over, no frame{_more(paths, f'files {paths[0].suffix}'.strip())}")
    tell_passed_over(folder, [path for each in tree for path in each.foreign])


def _grouped(paths: list[Path], by: Callable[[Path], object]) -> list[list[Path]]:
    groups: dict[object, list[Path]] = defaultdict(list)
    for path in paths:
        groups[by(path)].append(path)
    return list(groups.values())


def _more(paths: list[Path], what: str) -> str:
    if len(paths) == 1:
        return ""
    return f" (and {len(paths) - 1} more {what}, up to {paths[-1]})"
