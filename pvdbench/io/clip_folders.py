"""Trees of frames: the clips in a folder, which are folders within, or told by the names of frames in one folder."""

from collections.abc import Iterator
from pathlib import Path

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.notice import notice
from pvdbench.io.frame_folders import Listing, list_folder, tell_passed_over, tell_seeming_clips
from pvdbench.io.frame_order import clips_by_name


def clip_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Map each clip in a folder to its frames, as frame_files gives them.

    A clip is a folder within, at any depth and also behind a link, called by its path; "." is the folder itself. Where
    one folder holds frames called VIDEO-FRAME of several videos, each video is a clip.

    Raises:
        DataError: as frame_files; also if there are no frames at all.
    """
    clips: dict[str, dict[str, Path]] = {}
    passed_over: list[Path] = []
    for listing in _tree(folder, ()):
        passed_over += listing.passed_over
        if listing.frames:
            place = listing.folder.relative_to(folder).as_posix()
            for name, frames in _split(listing).items():
                _add(clips, name if place == "." else f"{place}/{name}".removesuffix("/."), frames, listing.folder)
    tell_passed_over(folder, passed_over)
    if not clips:
        raise DataError(f"{folder} holds no PNG or JPEG frames; name the folder that does")
    return dict(sorted(clips.items()))


def _tree(folder: Path, above: tuple[Path, ...]) -> Iterator[Listing]:
    """List a folder and all within; a link back to a folder that is being listed is not entered again."""
    listing, inside = list_folder(folder), (*above, folder.resolve())
    loops = [path for path in listing.folders if path.resolve() in inside]
    listing.passed_over += loops
    if above and not (listing.frames or listing.folders or listing.passed_over):  # a clip that was not unpacked, say
        listing.passed_over.append(folder)
    yield listing
    for path in listing.folders:
        if path not in loops:
            yield from _tree(path, inside)


def _split(listing: Listing) -> dict[str, dict[str, Path]]:
    """The clips of one folder: itself, or several where names such as GOPR0384_11_00-000001 say so."""
    if clips := clips_by_name(listing.frames):
        named = shorten(", ".join(clips), 120)
        notice(f"{listing.folder}: by their names its frames are of {len(clips)} clips: {named}")
        return clips
    tell_seeming_clips(listing.folder, listing.frames)
    return {".": listing.frames}


def _add(clips: dict[str, dict[str, Path]], name: str, frames: dict[str, Path], folder: Path) -> None:
    if name in clips:
        raise DataError(f"{folder}: there are two clips '{name}', a folder and by the names of frames; rename one")
    clips[name] = frames
