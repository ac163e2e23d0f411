"""Name what lies in a stranger's data set and is not taken, so that nothing is left out in silence."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pvdbench.datasets.layouts.layout import VideoFolders
from pvdbench.datasets.layouts.tree import folders_of

_MADE_HERE = ("blur.csv",)  # by `datasets synthesize`, beside the frames


def leftovers(folder: Path, videos: Sequence[VideoFolders]) -> Iterator[str]:
    """Describe folders of frames and files below a folder that are no video's, one line for all of a name or place."""
    used = {path for video in videos for path in (video.blurry, video.sharp) if path}
    tree = list(folders_of(folder))
    frames = [each.path for each in tree if each.frames and each.path not in used]
    by_name, by_place = _grouped(frames, lambda path: path.name), _grouped(frames, lambda path: path.parent)
    for paths in min(by_place, by_name, key=len):
        yield f"{paths[0]}: passed over, frames that no video is made of{_more(paths, 'such folders')}"
    files = [path for each in tree for path in each.others if path.name not in _MADE_HERE]
    for paths in _grouped(files, lambda path: path.suffix or path.name):
        yield f"{paths[0]}: passed over, no frame{_more(paths, f'files {paths[0].suffix}')}"


def _grouped(paths: list[Path], by: Callable[[Path], object]) -> list[list[Path]]:
    groups: dict[object, list[Path]] = defaultdict(list)
    for path in paths:
        groups[by(path)].append(path)
    return list(groups.values())


def _more(paths: list[Path], what: str) -> str:
    if len(paths) == 1:
        return ""
    return f" (and {len(paths) - 1} more {what}, up to {paths[-1]})"
