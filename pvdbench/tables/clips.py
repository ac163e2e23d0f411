"""PSNR of every row on every clip."""

from collections.abc import Iterator, Mapping

from pvdbench.analysis import intervals
from pvdbench.analysis.scores import Scores, counted, psnr_of_rows
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make a table per task of which any row has a result."""
    params, context = inputs.params, inputs.context
    if inputs.deblur:
        yield clips_table(context, "deblur", params.deblur_labels, inputs.deblur)
    if inputs.motion:
        yield clips_table(context, "motion", params.table1, inputs.motion)


def clips_table(context: Context, task: str, labels: Mapping[str, str], scores: Scores) -> Table:
    """PSNR of every row on every clip, averaged over the clip's counted frames.

    Args:
        task: "deblur" or "motion", for name and title.
    """
    videos = sorted(set(next(iter(scores.values()))["video"]))
    columns = tuple(_clip_column(context, video) for video in videos)

    frames, psnr = psnr_of_rows(scores, labels)
    clips = [intervals.means(psnr[frames["video"] == video], frames["video"][frames["video"] == video])
             for video in videos]  # fmt: skip
    rows = tuple(Row(*named, values) for named, values in zip(labels.items(), zip(*clips, strict=True), strict=True))
    what = "deblurred" if task == "deblur" else "warped"
    return Table(
        f"clips-{task}",
        f"Clip by clip: {what} frames",
        f"{context.scored(counted(scores))}. Best mean bold, second underlined.",
        context.dataset,
        context.protocol,
        columns,
        rows,
        "clips",
        task,
    )


def _clip_column(context: Context, video: str) -> Column:
    return Column(f"psnr_db_{video}", context.source, "PSNR (dB)", video, 2, "higher", identical=True,
                  frames=f"clip-{video}", statistic="mean", metric="psnr_db")  # fmt: skip
