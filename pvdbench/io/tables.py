"""The files between stages: which columns a CSV has, and how it is written and read."""

from pathlib import Path
from typing import Any

import pandas as pd

from pvdbench.core.errors import DataError, shorten
from pvdbench.io.atomic import replaced_file

MANIFEST = ("video", "split", "frame", "blurry", "sharp", "flow", "occlusion", "width", "height")
"""A data set's frames; paths relative to its folder, sharp, flow and occlusion empty where no truth exists."""

SCORE_KEYS = ("dataset", "method", "task", "video", "frame", "protocol", "counted")
"""What every score file begins with, one row per frame and protocol; a column per metric follows (scoring/protocol.py).

counted is False where the protocol leaves the frame out of its averages."""

TRUTH = ("video", "frame", "blurriness_db", "warping_error_db")
"""What depends on the truth alone: PSNR of the blurry frame, and the sharp frame's own warping error."""

VOLUME_STATISTICS = ("dataset", "video", "quantity", "hits", "total")
"""Sec. 4.4: how many of total pixels had the property."""

TRAINING_LOG = ("step", "loss", "learning_rate", "validation_loss")
"""Means since the row before; validation_loss is the last one measured since then, NaN where there is none."""

SPLITS = ("dataset", "split", "video", "frames", "first_frame", "last_frame", "consecutive")
"""Which videos and frames a published data set consists of; the names of frames count up in their own width."""

BLUR = ("frame", "input_psnr_db")
"""What a synthesized video's blur is worth: PSNR of each blurry frame against its truth."""

RESPONSE = ("byte", "light")
"""A camera's response: the linear light, in [0, 1], of each of the 256 bytes."""

_TEXT = ("dataset", "method", "video", "frame", "protocol", "split", "quantity", "blurry", "sharp", "flow", "occlusion",
         "first_frame", "last_frame")  # fmt: skip


def write_table(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Write a CSV with exactly these columns; equal tables give equal bytes."""
    with replaced_file(path) as partial:
        table.loc[:, list(columns)].to_csv(partial, index=False, lineterminator="\n")


def read_text_table(path: Path) -> pd.DataFrame:
    """Read a CSV with every cell as text: a clip may be called NA, and a blank is an empty string.

    Raises:
        DataError: if the file is missing or no CSV.
    """
    return _read_csv(path, dtype=str, keep_default_na=False, na_filter=False)


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV that must have exactly these columns; names of videos and frames stay text.

    Raises:
        DataError: if the file is missing, empty or has other columns.
    """
    table = _read_csv(path, dtype=dict.fromkeys(_TEXT, str))
    if tuple(table.columns) != columns:
        raise DataError(f"{path}: its columns are {shorten(', '.join(table.columns), 80)}, and should be "
                        f"{shorten(', '.join(columns), 120)}; make it again")  # fmt: skip
    return table


def _read_csv(path: Path, **how: Any) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pd.read_csv(path, **how)
        return table
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such table; run the stage that makes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path}: this is no CSV ({shorten(error, 80)}); make it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); correct the path or its permissions") from error
