"""Tables of ranks and of paired differences: which order of the rows the intervals allow."""

import math
from collections.abc import Iterable, Iterator
from typing import Literal

from pvdbench.analysis.intervals import Interval
from pvdbench.analysis.ranks import RANK_GROUPS, RankGroup, Ranking
from pvdbench.analysis.scores import counted
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table, psnr_column

_WHAT = {"deblur": "deblurring", "motion": "motion estimation"}


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make ranks and paired differences of each task of which any row has a result."""
    for ranking in inputs.rankings:
        yield from ranking_tables(inputs.context, ranking)


def ranking_tables(context: Context, ranking: Ranking) -> tuple[Table, ...]:
    """Ranks, then a matrix of differences for each of RANK_GROUPS."""
    return _ranks(context, ranking), *(_matrix(context, ranking, group) for group in RANK_GROUPS)


def _ranks(context: Context, ranking: Ranking) -> Table:
    ordered = sorted(ranking.labels, key=lambda row: ranking.means[row, "all"].mean, reverse=True)

    def values(row: str, group: RankGroup) -> tuple[Interval, float, str]:
        first, last = ranking.places(row, group)
        return ranking.means[row, group], float(first), f"{first}" if first == last else f"{first} to {last}"

    rows = (Row(row, ranking.labels[row], (*values(row, "all"), *values(row, "blurriest"))) for row in ordered)
    caption = (
        f"{context.scored(counted(ranking.scores))}. A row's rank is 1 plus the number of rows that are better "
        "by a paired difference that is clear after Holm's correction for all pairs of rows; its places end where the "
        f"rows begin that it is better than. Rows whose places overlap may be tied. {context.ranked}"
    )
    title = f"Ranks: {_WHAT[ranking.task]}"
    return _table(context, ranking.task, f"ranks-{ranking.task}", title, caption, _rank_columns(context), rows)


def _matrix(context: Context, ranking: Ranking, group: RankGroup) -> Table:
    heading = context.group_heading(group)
    columns = tuple(_difference_column(row, label, group) for row, label in ranking.labels.items())
    rows = (
        Row(row, label, tuple(ranking.differences.get((group, row, other), math.nan) for other in ranking.labels))
        for row, label in ranking.labels.items()
    )
    caption = (
        f"{context.scored(counted(ranking.scores))}. PSNR (dB) of the row minus that of the column, frame by "
        f"frame; frames where either is identical to the truth are left out. {context.ranked}"
    )
    title = f"Paired differences, {_WHAT[ranking.task]}: {heading.lower()}"
    return _table(context, ranking.task, f"differences-{ranking.task}-{group}", title, caption, columns, rows)


def _table(
    context: Context, task: str, name: str, title: str, caption: str, columns: tuple[Column, ...], rows: Iterable[Row]
) -> Table:
    return Table(name, title, caption, context.dataset, context.protocol, columns, tuple(rows), "ranking", task)


def _rank_columns(context: Context) -> tuple[Column, ...]:
    return tuple(
        column
        for group in RANK_GROUPS
        for column in (
            psnr_column(f"psnr_db_{group}", context.source, context.group_heading(group), frames=group),
            _rank_column(context, "rank", group),
            _rank_column(context, "places", group),
        )
    )


def _rank_column(context: Context, statistic: Literal["rank", "places"], group: RankGroup) -> Column:
    return Column(
        f"{statistic}_{group}", context.source, context.group_heading(group), statistic.capitalize(), 0,
        frames=group, statistic=statistic, metric="psnr_db",
    )  # fmt: skip


def _difference_column(row: str, label: str, group: RankGroup) -> Column:
    return Column(
        f"minus_{row}_db",
        "PSNR (dB) minus",
        "",
        label,
        2,
        interval=True,
        identical=True,
        signed=True,
        frames=group,
        statistic="difference",
        metric="psnr_db",
        minus=row,
    )
