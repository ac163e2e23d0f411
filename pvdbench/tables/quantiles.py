"""PSNR against the quantile of blur: the whole curve of which Tables 1 and 2 print the ends."""

from collections.abc import Iterator, Mapping

from pvdbench.analysis import intervals
from pvdbench.analysis.groups import TENTHS
from pvdbench.analysis.scores import Scores, counted, psnr_of_rows
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table, psnr_column


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the table where any row has a result."""
    if inputs.deblur:
        yield quantiles_table(inputs.context, inputs.params.deblur_labels, inputs.deblur)


def quantiles_table(context: Context, labels: Mapping[str, str], scores: Scores) -> Table:
    """PSNR of every row in each tenth of the frames, from the blurriest to the sharpest.

    Args:
        labels: row name to label.
        scores: of these rows.
    """
    columns = tuple(_column(context, tenth) for tenth in range(TENTHS))

    frames, psnr = psnr_of_rows(scores, labels)
    tenths = [intervals.means(psnr[frames["tenth"] == tenth], frames["video"][frames["tenth"] == tenth])
              for tenth in range(TENTHS)]  # fmt: skip
    rows = tuple(Row(*named, values) for named, values in zip(labels.items(), zip(*tenths, strict=True), strict=True))
    caption = (
        f"{context.scored(counted(scores))}. {context.ranked} A frame of rank r among n lies at the quantile "
        "(r + 0.5) / n. Best mean bold, second underlined."
    )
    return Table(
        "quantiles",
        "PSNR by quantile of blur",
        caption,
        context.dataset,
        context.protocol,
        columns,
        rows,
        "by-blur",
        "deblur",
    )


def _column(context: Context, tenth: int) -> Column:
    start, end = (100 * edge // TENTHS for edge in (tenth, tenth + 1))
    return psnr_column(
        f"psnr_db_{start}_{end}", context.source, "PSNR (dB), blurriest to sharpest", f"{start}-{end} %",
        frames=f"tenth-{tenth}",
    )  # fmt: skip
