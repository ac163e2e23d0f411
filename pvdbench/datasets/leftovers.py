"""Name what lies in a stranger's data set and is not taken, so that nothing is left out in silence."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pvdbench.datasets.layouts.layout import VideoFolders
from pvdbench.datasets.layouts.tree import folders_of

_MADE_HERE = ("blur.csv",)  # by `datasets synthesize`, beside the frames


def leftovers(folder: Path, videos: Sequence[VideoFolders]) -> Iterator[str]:
    """Describe folders of frames and files below a folder that are no video's, one line for all of one name."""
    used = {path for video in videos for path in (video.blurry, video.sharp) if path}
    frames: dict[str, list[Path]] = defaultdict(list)
    files: dict[str, list[Path]] = defaultdict(list)
    for each in folders_of(folder):
        for other in each.others:
            if other.name not in _MADE_HERE:
                files[other.suffix or other.name].append(other)
        if each.frames and each.path not in used:
            frames[each.path.name].append(each.path)
    for name, paths in frames.items():
        yield f"{paths[0]}: passed over, frames that no video is made of{_more(paths, f'folders {name}')}"
    for name, paths in files.items():
        yield f"{paths[0]}: passed over, no frame{_more(paths, f'files {name}')}"


def _more(paths: list[Path], what: str) -> str:
    return f" (and {len(paths) - 1} more {what})" if len(paths) > 1 else ""
