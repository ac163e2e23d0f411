"""Folders that hold the frames of several videos, told apart by their names: VIDEO-FRAME.png."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.layout import frames_in

_NUMBERED = re.compile(r"(.*?)[0-9]+")
_SEPARATORS = "-_"


def clips_in(blurry: Path, sharp: Path | None) -> list[tuple[str, str]]:
    """List the videos whose frames lie in one folder.

    Returns: name of each, and with what the names of its frames begin; ("", "") alone where all are of one video.
    Raises:
        DataError: if names do not tell, or blurry and sharp frames are of other videos.
    """
    begins = _prefixes(blurry)
    if len(begins) == 1:
        return [("", "")]
    if any(frames < 2 or len(prefix) < 2 or prefix[-1] not in _SEPARATORS for prefix, frames in begins.items()):
        raise DataError(f"{blurry}: the names of its frames do not tell of which video each is; name them "
                        "VIDEO-FRAME.png, or make a folder per video")  # fmt: skip
    if sharp and (apart := sorted(begins.keys() ^ _prefixes(sharp).keys())):
        raise DataError(f"{blurry}: {len(apart)} videos are only there or only in {sharp}, "
                        f"{apart[0].rstrip(_SEPARATORS)} the first; fetch or unpack it again")  # fmt: skip
    return [(prefix.rstrip(_SEPARATORS), prefix) for prefix in sorted(begins)]


def _prefixes(folder: Path) -> Counter[str]:
    """Count the frames of each video."""
    return Counter(_prefix(name) for name in frames_in(folder))


def _prefix(name: str) -> str:
    return match[1] if (match := _NUMBERED.fullmatch(name)) else name


def frames_with(prefix: str, frames: Callable[[Path], Mapping[str, Path]], folder: Path) -> dict[str, Path]:
    """Find the frames of one video in a folder of several; their names are what follows its prefix."""
    return {name.removeprefix(prefix): path for name, path in frames(folder).items() if _prefix(name) == prefix}
