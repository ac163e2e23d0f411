"""The data-set layouts that there are: one line here, or one entry point `pvdbench.layouts` of an installed package."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pvdbench.core.entry_points import Group, leave_out, load_entry_points, package_named
from pvdbench.core.errors import DataError, EntryPointError, PvdbenchError, shorten
from pvdbench.datasets.layouts.layout import Layout, VideoFolders
from pvdbench.datasets.layouts.layout_check import layout_fault, videos_fault
from pvdbench.datasets.layouts.nah import NAH, NAH_LINEAR
from pvdbench.datasets.layouts.pairs import PAIRS
from pvdbench.datasets.layouts.real import REAL
from pvdbench.datasets.layouts.su import SU

BUILT_IN = (SU, NAH, NAH_LINEAR, REAL, PAIRS)
_GROUP: Group = "pvdbench.layouts"


@cache
def layouts() -> Mapping[str, Layout]:
    """Map the name of each layout to it: the built-in ones, then those of installed packages.

    Raises:
        EntryPointError: if a package registers the name of another layout.
    """
    known = {layout.name: layout for layout in BUILT_IN}
    for name, layout in load_entry_points(_GROUP).items():
        if (fault := layout_fault(layout)) or not isinstance(layout, Layout):  # without a fault it is one
            leave_out(_GROUP, name, fault)
        elif layout.name in known:
            where = f"package {package_named(_GROUP, name)}: '{name}' of {_GROUP}"
            raise EntryPointError(f"{where}: there is another layout of the name '{layout.name}'; uninstall the "
                                  "package, or rename its layout")  # fmt: skip
        else:
            known[layout.name] = layout
    return known


def published_layouts() -> list[str]:
    """Name the layouts of data sets whose videos and frames are listed, which can be verified."""
    return [name for name, layout in layouts().items() if layout.splits is not None]


def find_layout(name: str) -> Layout:
    """Look up a layout.

    Raises:
        DataError: if there is none of this name; it lists those that there are.
    """
    if name not in layouts():
        raise DataError(f"unknown layout '{name}'; choose from {', '.join(layouts())}")
    return layouts()[name]


def recognise_layout(folder: Path) -> Layout:
    """Find the layout of a folder: the only one that fits, anybody's pairs if no other does.

    What nah's layouts find, that of anybody's pairs finds, too, and is more careful.

    Raises:
        DataError: if several fit, so that the user must choose.
    """
    fitting = [layout for layout in layouts().values() if _fits(layout, folder)]
    if PAIRS in fitting or not {NAH, NAH_LINEAR} <= {*fitting}:
        fitting = [layout for layout in fitting if layout is not PAIRS and not _is_of_pairs(layout, folder)]
    if len(fitting) > 1:
        names = " and ".join(layout.name for layout in fitting)
        hint = " (nah reads blur_gamma, as the paper does, nah-linear blur)" if NAH in fitting else ""
        raise DataError(f"{folder}: its folders fit the layouts {names}; choose one by --layout{hint}")
    return fitting[0] if fitting else PAIRS


def _is_of_pairs(layout: Layout, folder: Path) -> bool:
    """Tell whether one of nah's layouts found what the layout of pairs would, train/VIDEO/blur and its like."""
    return layout in (NAH, NAH_LINEAR) and all(
        video.blurry.parents[1].name in ("train", "test") for video in videos_of(layout, folder)
    )


def videos_of(layout: Layout, folder: Path) -> Sequence[VideoFolders]:
    """List the videos of a folder in a layout.

    Raises:
        EntryPointError: if the layout is another package's, and fails or gives no list of videos.
    """
    with _package_faults(layout):
        videos = layout.videos(folder)
    if fault := videos_fault(videos):
        raise EntryPointError(_broken(layout, fault))
    return videos


def frames_of(layout: Layout, folder: Path) -> Mapping[str, Path]:
    """Find the file of each frame of a video's folder by its name, in order of time.

    Raises:
        EntryPointError: if the layout is another package's, and fails.
    """
    with _package_faults(layout):
        return dict(layout.frames(folder))


@contextmanager
def _package_faults(layout: Layout) -> Iterator[None]:
    """Refuse whatever another package's layout raises within the block, in the package's name."""
    try:
        yield
    except Exception as error:
        if isinstance(error, PvdbenchError) or layout in BUILT_IN:
            raise
        raise EntryPointError(_broken(layout, f"{type(error).__name__}: {error}")) from error


def _broken(layout: Layout, what: str) -> str:
    points = load_entry_points(_GROUP).items()
    package = next((package_named(_GROUP, name) for name, value in points if value is layout), "?")
    return f"package {package}: the layout '{layout.name}' failed: {shorten(what)}; mend the package"


def _fits(layout: Layout, folder: Path) -> bool:
    try:
        return any(video.blurry.is_dir() for video in videos_of(layout, folder))
    except DataError:
        return False
