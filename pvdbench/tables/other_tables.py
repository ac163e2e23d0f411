"""The pixel volume's statistics (Sec. 4.4), and PSNR clip by clip."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pvdbench.core.records import VOLUME_STATISTICS, read_table
from pvdbench.tables.context import PAPER_SOURCE, Context
from pvdbench.tables.intervals import interval_over_videos
from pvdbench.tables.scores import Scores, counted
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


def section44(context: Context, study: Path, paper: pd.Series, *, resamples: int, seed: int) -> Table:
    """Shares of pixels in percent, pooled over clips as the paper pools its 100 frames, with intervals over clips.

    Args:
        paper: published Sec. 4.4, by quantity.

    Raises:
        DataError: if data/scores/volume/DATASET.csv is missing.
    """
    counts = read_table(study / "data" / "scores" / "volume" / f"{context.dataset}.csv", VOLUME_STATISTICS)
    percent = (
        Column("percent", context.source, "", "Pixels (%)", 2),
        Column("percent_low", context.source, "", "95 % from", 2),
        Column("percent_high", context.source, "", "to", 2),
        Column("pixels", context.source, "", "Of pixels", 0),
        Column("paper_percent", PAPER_SOURCE, "", "Pixels (%)", 2),
    )

    def row(quantity: str, videos: pd.DataFrame) -> Row:
        share = interval_over_videos(
            100 * videos["hits"].to_numpy(float), videos["total"].to_numpy(float), resamples=resamples, seed=seed
        )
        printed = float(paper.get(quantity, math.nan))
        values = (share.mean, share.low, share.high, float(videos["total"].sum()), printed)
        return Row(quantity, _LABELS.get(quantity, quantity), values)

    rows = tuple(row(str(quantity), videos) for quantity, videos in counts.groupby("quantity", sort=False))
    caption = (
        f"{context.beside_paper(f'Counted on {context.data} in gray values')} A majority value is shared by more than "
        "half of a pixel's candidates; right means within the widest tolerance of the truth, on the scale 0 to 255. "
        "The interval is over clips."
    )
    title = "Section 4.4: candidates in the pixel volume"
    return Table("section44", title, caption, context.dataset, "gray values", percent, rows)


def clips_table(context: Context, task: str, labels: Mapping[str, str], scores: Scores) -> Table:
    """PSNR of every row on every clip, averaged over the clip's counted frames.

    Args:
        task: "deblur" or "motion", for name and title.
    """
    means = {row: frames.groupby("video")["psnr_db"].mean() for row, frames in scores.items()}
    videos = list(next(iter(means.values())).index)
    columns = tuple(Column(f"psnr_db_{video}", context.source, "PSNR (dB)", video, 2, "higher") for video in videos)
    rows = tuple(Row(name, label, tuple(float(means[name][v]) for v in videos)) for name, label in labels.items())
    what = "deblurred" if task == "deblur" else "warped"
    return Table(
        f"clips-{task}",
        f"Clip by clip: {what} frames",
        f"{context.scored(counted(scores))}. Best bold, second underlined.",
        context.dataset,
        context.protocol,
        columns,
        rows,
    )
