"""The files between stages: which columns a CSV has, and how it is written and read."""

from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.atomic import replaced_file

MANIFEST = ("video", "split", "frame", "blurry", "sharp", "flow", "occlusion", "width", "height")
"""A data set's frames; paths relative to its folder, sharp, flow and occlusion empty where no truth exists."""

DEBLUR_SCORES = ("dataset", "method", "video", "frame", "protocol", "psnr_db", "ssim", "shift_y", "shift_x", "gain",
                 "blurriness_db", "counted")  # fmt: skip
"""One row a frame and protocol; counted is False where the protocol leaves the frame out of its averages."""

FLOW_SCORES = (*DEBLUR_SCORES, "epe_px", "epe_visible_px")
"""The same for warped frames, with the endpoint error (NaN where no true flow exists)."""

TEMPORAL_SCORES = ("dataset", "method", "video", "frame", "warping_error_db", "truth_warping_error_db", "tof_px")
"""One row a frame but a clip's first: how consistent it is with the one before; NaN where no sharp flow is known."""

FOLDER_SCORES = ("frame", "protocol", "psnr_db", "ssim", "shift_y", "shift_x", "gain")
"""Any two folders of frames, one row a frame and protocol."""

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


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV that must have exactly these columns; names of videos and frames stay text.

    Raises:
        DataError: if the file is missing, empty or has other columns.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str))
    except FileNotFoundError:
        raise DataError(f"{path}: expected a table, found no file; run the stage that makes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a CSV, got '{error}'; make it again") from error
    if tuple(table.columns) != columns:
        raise DataError(f"{path}: expected the columns {', '.join(columns)}, got {', '.join(table.columns)}; "
                        "make it again")  # fmt: skip
    return table
