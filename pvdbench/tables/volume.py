"""Section 4.4: how often the pixel volume's candidates agree, and what deblurring makes of it."""

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.io.tables import VOLUME_STATISTICS, read_table
from pvdbench.tables.inputs import PAPER_SOURCE, Context, TableInputs
from pvdbench.tables.table import Column, Row, Table

_LABELS = {
    "pixels_with_majority": "Pixels with a majority value, of all",
    "majority_accuracy_c0": "Majority value equals the truth, of those",
    "majority_accuracy_c2": "Majority value within ±2 of the truth, of those",
    "acc_majority_correct_PV": "Result right where the majority is right: pixel volume",
    "acc_majority_correct_naive_warp": "Result right where the majority is right: warping",
    "acc_majority_wrong_PV": "Result right where the majority is wrong: pixel volume",
    "acc_majority_wrong_naive_warp": "Result right where the majority is wrong: warping",
    "acc_no_majority_PV": "Result right where there is no majority: pixel volume",
    "acc_no_majority_naive_warp": "Result right where there is no majority: warping",
}


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the table of Sec. 4.4 where its rows have results."""
    table = section44(inputs.context, inputs.study, inputs.published.sec44)
    if table.rows:
        yield table


def section44(context: Context, study: Path, paper: pd.Series) -> Table:
    """Shares of pixels in percent, pooled over clips as the paper pools its 100 frames, with intervals over clips.

    Args:
        paper: published Sec. 4.4, by quantity.

    Raises:
        DataError: if data/scores/volume/DATASET.csv is missing.
    """
    counts = read_table(study / "data" / "scores" / "volume" / f"{context.dataset}.csv", VOLUME_STATISTICS)
    percent = (
        Column("percent", context.source, "", "Pixels (%)", 2, interval=True),
        Column("pixels", context.source, "", "Of pixels", 0),
        Column("paper_percent", PAPER_SOURCE, "", "Pixels (%)", 2, origin="published"),
    )

    def row(quantity: str, videos: pd.DataFrame) -> Row:
        share = intervals.ratio(100 * videos["hits"].to_numpy(float), videos["total"].to_numpy(float))
        printed = float(paper.get(quantity, math.nan))
        return Row(quantity, _LABELS.get(quantity, quantity), (share, float(share.count), printed))

    rows = tuple(row(str(quantity), videos) for quantity, videos in counts.groupby("quantity", sort=False))
    caption = (
        f"{context.beside_paper(f'Counted on {context.data} in gray values')} A majority value is shared by more than "
        "half of a pixel's candidates; right means within the widest tolerance of the truth, on the scale 0 to 255."
    )
    title = "Section 4.4: candidates in the pixel volume"
    return Table("section44", title, caption, context.dataset, "gray values", percent, rows, "tables")
