"""The names of a data set's videos and frames: each is one part of a path, and frames sort in order of time."""

from collections.abc import Sequence

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.names import is_one_part
from pvdbench.io.frame_order import names_in_order


def refuse_names(where: object, video: str, frames: Sequence[str]) -> None:
    """Refuse names that lead out of a folder, and those of frames that later stages, which sort text, would reorder.

    Args:
        where: they stand, for the message.
        frames: in order of time.

    Raises:
        DataError: naming the first such name.
    """
    for name in (video, *frames):
        if not is_one_part(name):
            raise DataError(f"{where}: '{shorten(name, 60)}' is no name of a video or a frame, which is one part of a "
                            "path and can be printed; rename it")  # fmt: skip
    for given, one, two in zip(frames, names_in_order(frames, where), sorted(frames), strict=True):
        if not given == one == two:
            raise DataError(f"{where}: the frame {shorten(one, 60)} would not sort in order of time; pad the numbers "
                            "with zeros")  # fmt: skip
