"""Which stream of a file is the film, and which are its cover, its previews or its thumbnails."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.notice import notice

_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_MANY_JPEGS = (".mjpeg", ".mjpg")  # one after the other, which FFmpeg takes for a single one
_PREVIEW = 10  # times fewer frames than the longest stream has: a preview or a cover, however large


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a video file.

    Raises:
        DataError: if the file is missing, a folder, unreadable or a still image; also for what FFmpeg raises inside.
    """
    try:
        form = "mjpeg" if path.suffix.lower() in _MANY_JPEGS else None
        with av.open(str(path), format=form, metadata_errors="replace") as container:
            if container.format.name.endswith("_pipe") or container.format.name == "image2":
                raise DataError(f"{path}: this is an image and no video; name a video, or a frame that is a PNG or "
                                "JPEG by its name")  # fmt: skip
            yield container
    except FileNotFoundError:
        raise DataError(f"{path}: no video and no folder of frames is there; correct the path") from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder, where a video is needed; name the file of a video") from None
    except (FFmpegError, PermissionError) as error:
        raise DataError(
            f"{path}: this video cannot be read ({shorten(error.strerror)}); restore or convert it"
        ) from error


def film_stream(container: InputContainer, path: Path) -> VideoStream:
    """Choose the film: no cover; of several streams the largest of those that last, and a notice says which.

    Raises:
        DataError: if there is none, or its codec is not known.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    if not films:
        what = "only a cover picture" if container.streams.video else "no video stream"
        raise DataError(f"{path}: this file has {what}; name another file")
    known = [stream for stream in films if stream.codec_context is not None]
    if not known:
        raise DataError(f"{path}: this video is in a format that FFmpeg cannot decode; convert it")
    return known[0] if len(known) == 1 else _largest_that_lasts(known, path)


def _largest_that_lasts(films: list[VideoStream], path: Path) -> VideoStream:
    frames = _packets(path)
    longest = max(frames[film.index] for film in films)

    def rank(film: VideoStream) -> tuple[bool, int, bool, int]:
        lasts = frames[film.index] > max(1, longest / _PREVIEW)
        pixels = film.codec_context.width * film.codec_context.height
        return lasts, pixels, bool(film.disposition & Disposition.default), -film.index

    film = max(films, key=rank)
    size = f"{film.codec_context.width}x{film.codec_context.height}"
    notice(f"{path}: of its {len(films)} videos the film is taken to be stream {film.index}, {size}, "
           f"{frames[film.index]} frames")  # fmt: skip
    return film


def _packets(path: Path) -> Counter[int]:
    """Count the packets of every stream, without decoding them."""
    counts: Counter[int] = Counter()
    with opened(path) as container:
        for packet in container.demux():
            counts[packet.stream_index] += packet.size > 0
    return counts
