"""Anybody's own frames, as data sets of deblurring lie on disk: a folder of blurry and one of sharp frames per video.

Video first (VIDEO/blur), kind first (blur/VIDEO, train/train_blur/VIDEO), or the frames of all videos in one folder.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from unicodedata import normalize

from pvdbench.core.errors import DataError, choices
from pvdbench.datasets.layouts.flat import clips_in
from pvdbench.datasets.layouts.layout import Layout, VideoFolders, frames_in
from pvdbench.datasets.layouts.places import Place, place_of, role
from pvdbench.datasets.layouts.tree import Folder, folders_of
from pvdbench.io.frame_order import clips_by_name

_KINDS = "a folder of blurry frames (blur, blur_gamma, input, ...) and one of sharp ones (sharp, GT, target, ...)"


def _videos(folder: Path, blurry: str = "") -> list[VideoFolders]:
    tree = list(folders_of(folder))
    _refuse_empty(tree[1:])
    places = [place_of(folder, each.path) for each in tree if each.frames]
    known = _with_names([place for place in places if place.kind])
    taken = _without_validation(known)
    videos: dict[tuple[str | None, str], list[Place]] = defaultdict(list)
    for place in taken:
        videos[place.split, normalize("NFC", "".join(place.names))].append(place)
    found = [_pair(of_video, blurry) for of_video in videos.values()]
    _refuse_unknown([place.path for place in places if not place.kind], found)
    return [video for pair in found for video in _as_videos(folder, *pair)]


def _refuse_empty(tree: Iterable[Folder]) -> None:
    """Refuse folders with nothing in them, and those that should hold frames and do not."""
    tree = list(tree)
    of_frames = {above for each in tree if each.frames for above in (each.path, *each.path.parents)}
    for each in tree:
        if each.path not in of_frames and (any(role(each.path.name)) or not (each.others or each.folders)):
            but = f", but {each.others[0].name}" if each.others else ""
            raise DataError(f"{each.path}: no PNG or JPEG frames lie there{but}; fill this folder or remove it")


def _with_names(places: list[Place]) -> list[Place]:
    """Leave out the names of folders around all videos; what is left is a video's name, or none for flat folders."""
    while places and all(len(place.names) > 1 for place in places) and len({place.names[0] for place in places}) == 1:
        places = [replace(place, names=place.names[1:]) for place in places]
    for place in places:
        if len(place.names) > 1:
            raise DataError(f"{place.path}: it lies in two folders, {place.names[0]} and {place.names[1]}, either of "
                            "which might be the video; name the folder right around the videos")  # fmt: skip
        if len(place.names) != len(places[0].names) or (place.split is None) != (places[0].split is None):
            raise DataError(f"{place.path}: it lies in other folders than {places[0].path} does; put both into the "
                            "folders of a video and of a split, or add them one by one")  # fmt: skip
    return places


def _without_validation(places: list[Place]) -> list[Place]:
    """Make validation videos test videos where there are no test videos; else they are left out."""
    if any(place.split == "test" for place in places):
        return [place for place in places if place.split != "val"]
    return [replace(place, split="test") if place.split == "val" else place for place in places]


def _pair(places: list[Place], chosen: str) -> tuple[Place, Place | None]:
    """Find the folders of blurry and of sharp frames among those of one video."""
    blurry, sharp = [p for p in places if p.blurry], [p for p in places if not p.blurry]
    if chosen:
        blurry = [place for place in blurry if place.kind == chosen.casefold()]
    where = places[0].home or places[0].path
    if not blurry:
        what = f"none of the name {chosen}" if chosen else "only sharp ones"
        raise DataError(f"{where}: a video has a folder of blurry frames, and this one has {what}: "
                        f"{_names(places)}; add it, rename it, or move the video away")  # fmt: skip
    if len(blurry) > 1:
        raise DataError(f"{where}: it has several folders of blurry frames, {_names(blurry)}; choose by --blurry NAME "
                        "(the paper's is blur_gamma), or add a folder of links to those that you want")  # fmt: skip
    if len(sharp) > 1:
        raise DataError(f"{where}: it has several folders of sharp frames, {_names(sharp)}; add a folder of links to "
                        "those that you want")  # fmt: skip
    return blurry[0], sharp[0] if sharp else None


def _names(places: Iterable[Place]) -> str:
    return choices([place.path.parent.name if place.path.name.casefold() == "rgb" else place.path.name
                    if place.home else str(place.path) for place in places])  # fmt: skip


def _refuse_unknown(unknown: list[Path], found: list[tuple[Place, Place | None]]) -> None:
    """Refuse frames that are neither blurry nor sharp by name, but beside both kinds of one video."""
    whole = {blurry.home for blurry, sharp in found if sharp}
    for path in unknown:
        if not whole & {path, *path.parents}:
            raise DataError(f"{path}: these frames are neither blurry nor sharp by the names of their folders; a video "
                            f"has {_KINDS}: rename it, move it away, or name another layout by --layout")  # fmt: skip


def _as_videos(folder: Path, blurry: Place, sharp: Place | None) -> list[VideoFolders]:
    truth = sharp.path if sharp else None
    called, *_ = (*blurry.names, folder.resolve().name)
    flat = not blurry.names or clips_by_name(frames_in(blurry.path))  # in a folder of a data set, too: GoPro/input
    clips = clips_in(blurry.path, truth) if flat else [("", "")]
    return [VideoFolders(video or called, blurry.split, blurry.path, truth, prefix) for video, prefix in clips]


PAIRS = Layout(
    name="pairs",
    summary="anybody's own frames; a video without sharp frames has no truth",
    form="VIDEO/{blur,sharp}, {blur,sharp}/VIDEO or {train,test}_{blur,sharp}/VIDEO, at the top or in train/, val/ and "
    "test/, or flat {input,target}/VIDEO-FRAME.png; also by other names (docs/datasets.md)",
    videos=_videos,
)


def pairs_of(blurry: str) -> Layout:
    """Make the same layout where videos have several folders of blurry frames, and this name is the one to read."""
    return replace(PAIRS, videos=partial(_videos, blurry=blurry))
