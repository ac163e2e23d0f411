"""How steady deblurred video is, beside how close it is: the warping error and the difference of flows."""

from collections.abc import Iterator

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.intervals import Interval
from pvdbench.analysis.scores import read_row
from pvdbench.scoring.protocol import TOF, WARPING_ERROR
from pvdbench.scoring.truth import read_truth
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table

_PROTOCOL = "temporal"
_TRUTHS = "truth_warping_error_db"


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make one table where every row was scored by the protocol `temporal`, otherwise none.

    Raises:
        DataError: if a file is damaged.
    """
    labels, context, study = inputs.params.deblur_labels, inputs.context, inputs.study
    truth = read_truth(study / "data" / "truth" / context.dataset)[WARPING_ERROR.name].rename(_TRUTHS)
    scores = {row: read_row(study, "deblur", context.dataset, row) for row in labels}
    frames = {
        row: table[table["protocol"] == _PROTOCOL].join(truth, on=["video", "frame"]) for row, table in scores.items()
    }
    if frames and not any(table.empty for table in frames.values()):
        yield _table(context, [_row(row, label, frames[row]) for row, label in labels.items()])


def _row(name: str, label: str, frames: pd.DataFrame) -> Row:
    means = [_mean(frames, quantity) for quantity in (WARPING_ERROR.name, _TRUTHS, TOF.name)]
    counts = (float(mean.count + mean.identical) for mean in (means[0], means[2]))
    return Row(name, label, (*means, *counts))


def _mean(frames: pd.DataFrame, quantity: str) -> Interval:
    """Average over the frames that have the quantity; the table says how many those are."""
    known = frames.dropna(subset=[quantity])
    return intervals.mean(known[quantity], known["video"])


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
        "Frames without a known sharp flow are left out, as is each clip's first. Best mean bold, second underlined."
    )
    return Table(
        "temporal",
        "Steadiness of the deblurred video",
        caption,
        context.dataset,
        "temporal",
        columns,
        tuple(rows),
        "steadiness",
    )
