"""What a user names: a folder of frames, one frame or a video to read, and a folder or a video to write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.core.notice import notice
from pvdbench.io.atomic import replaced_file
from pvdbench.io.frame_folders import frame_files, is_frame
from pvdbench.io.images import Frame, frame_size, write_frame
from pvdbench.io.owned import behind_links, check_file, check_folder, owned_folder
from pvdbench.io.video.writing import UNWRITTEN, WRITTEN, VideoWriter, changes, is_ours
from pvdbench.methods.clip import Clip, VideoClip

_COMMAND = "deblur"
_RATE = Fraction(30)  # of a video made from frames, which have no times
_DIGITS = 6  # of the names of a video's frames, at least


def open_source(source: Path, *, allow_damaged: bool) -> tuple[Clip, list[str]]:
    """Open a folder of frames, a frame or a video: the clip, and a name for each of its frames.

    Raises:
        DataError: if it is none of them, holds no frames or frames of several sizes, or is damaged.
    """
    if source.is_dir() or is_frame(source):
        frames = frame_files(source) if source.is_dir() else {source.stem: source}
        if not frames:
            raise DataError(f"{source}: no PNG or JPEG frames in this folder; name the folder that holds them")
        check_sizes(list(frames.values()))
        return Clip(list(frames.values()), names=list(frames)), list(frames)
    video = VideoClip(source, allow_damaged=allow_damaged)
    digits = max(_DIGITS, len(str(len(video) - 1)))
    return video, [f"{t:0{digits}d}" for t in range(len(video))]


def check_sizes(paths: Sequence[Path]) -> None:
    """Compare the sizes of frames, by their headers alone.

    Raises:
        DataError: naming the first frame of another size than the first one's.
    """
    first = frame_size(paths[0])
    for path in paths[1:]:
        if (size := frame_size(path)) != first:
            raise DataError(
                f"{path}: {size[0]}x{size[1]}, but {paths[0]} is {first[0]}x{first[1]}; give frames of one size"
            )


def check_out(out: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse a place for the results that has the wrong ending, or where they would destroy what is not ours.

    Raises:
        DataError: saying what is there.
    """
    if (ending := out.suffix.lower()) in UNWRITTEN:
        known = " or ".join(WRITTEN)
        raise DataError(f"{out}: cannot write '{out.suffix}'; name a folder, or a file ending in {known}")
    if ending in WRITTEN:
        check_file(out, inputs, overwrite=overwrite, ours=is_ours)
    else:
        check_folder(out, inputs, _COMMAND, overwrite=overwrite)


@contextmanager
def results(out: Path, clip: Clip, names: Sequence[str]) -> Iterator[Callable[[int, Frame], None]]:
    """Open the results: a function that takes a frame's number and values. They appear whole or not at all.

    Raises:
        WriteError: if the disk is full or the place cannot be written.
    """
    film = clip.film if isinstance(clip, VideoClip) else None
    if (ending := out.suffix.lower()) in WRITTEN:
        if film is None:
            notice(f"{out}: frames have no times; the video shows {_RATE} a second")
        rate, lossless = _RATE if film is None else film.rate, ending == ".mkv"
        height, width = clip[0].shape[1:]
        for said in changes(height, width, film, lossless=lossless):
            notice(f"{out}: {said}")
        with replaced_file(behind_links(out)) as partial, \
             VideoWriter(partial, rate, lossless=lossless, like=film) as video:  # fmt: skip
            yield lambda t, frame: video.write(frame)  # noqa: ARG005
        return
    if film is not None:
        film.say_what_frames_lose()
    with owned_folder(out, _COMMAND) as folder:
        yield lambda t, frame: write_frame(folder / f"{names[t]}.png", frame)
