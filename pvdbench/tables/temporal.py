"""How steady deblurred video is, beside how close it is: the warping error and the difference of flows."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pvdbench.analysis.bootstrap import Bootstrap, Interval
from pvdbench.io.tables import TEMPORAL_SCORES, read_table
from pvdbench.tables.captions import Context
from pvdbench.tables.table import Column, Row, Table

_QUANTITIES = ("warping_error_db", "truth_warping_error_db", "tof_px")


def temporal_tables(
    context: Context, study: Path, labels: Mapping[str, str], bootstrap: Bootstrap
) -> tuple[Table, ...]:
    """One table where data/scores/temporal has every row's file, otherwise none.

    Args:
        labels: row name to label.

    Raises:
        DataError: if a file is damaged.
    """
    folder = study / "data" / "scores" / "temporal" / context.dataset
    paths = {row: folder / f"{row}.csv" for row in labels}
    if not all(path.is_file() for path in paths.values()):
        return ()
    rows = [_row(name, label, read_table(paths[name], TEMPORAL_SCORES), bootstrap) for name, label in labels.items()]
    return (_table(context, rows),)


def _row(name: str, label: str, frames: pd.DataFrame, bootstrap: Bootstrap) -> Row:
    means = [_mean(frames, quantity, bootstrap) for quantity in _QUANTITIES]
    counts = (float(mean.count + mean.identical) for mean in (means[0], means[2]))
    return Row(name, label, (*means, *counts))


def _mean(frames: pd.DataFrame, quantity: str, bootstrap: Bootstrap) -> Interval:
    """Over the frames that have the quantity; the table says how many those are."""
    known = frames.dropna(subset=[quantity])
    return bootstrap.mean(known[quantity], known["video"])


def _table(context: Context, rows: list[Row]) -> Table:
    source, error, frames = context.source, "Warping error (dB)", "Frames"
    columns = (
        Column("warping_error_db", source, error, "method", 2, "higher", interval=True, identical=True),
        Column("truth_warping_error_db", source, error, "truth", 2, interval=True, identical=True),
        Column("tof_px", source, "Flow difference (px)", "tOF", 3, "lower", interval=True),
        Column("frames", source, frames, "warped", 0),
        Column("frames_tof", source, frames, "tOF", 0),
    )
    caption = (
        f"Measured on {context.data}. Warping error: PSNR of each frame against the one before it, warped by the sharp "
        "video's flow, where both see the same; higher is steadier, and a blurry video can be steadier than the truth, "
        "whose own error is beside it. tOF: mean distance between the flow of the deblurred and of the sharp video. "
        "Frames without a known sharp flow are left out, as is each clip's first. Best bold, second underlined."
    )
    return Table(
        "temporal", "Steadiness of the deblurred video", caption, context.dataset, "temporal", columns, tuple(rows)
    )
