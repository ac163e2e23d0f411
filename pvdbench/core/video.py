"""Video files in: decoded frame by frame, so that memory stays flat however long they are."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.error import FFmpegError

from pvdbench.core.errors import DataError


def decoded(path: Path) -> Iterator[av.VideoFrame]:
    """The frames of a video's first stream.

    Raises:
        DataError: if the file is missing, unreadable or without a video stream.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path}: expected a video stream, found none; name another file")
            yield from container.decode(container.streams.video[0])
    except FileNotFoundError:
        raise DataError(f"{path}: expected a video or a folder of frames, found none") from None
    except FFmpegError as error:
        raise DataError(f"{path}: expected a readable video, got '{error.strerror}'; restore or convert it") from error
