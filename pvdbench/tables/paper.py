"""Tables 1, 2 and 3 of the paper: measured numbers and the paper's own, side by side."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.groups import GROUPS
from pvdbench.analysis.scores import Scores, counted, group_mean
from pvdbench.io.cost import read_complexity
from pvdbench.tables.cost import milliseconds_column, size_of
from pvdbench.tables.inputs import PAPER_SOURCE, Context, TableInputs
from pvdbench.tables.paper_differences import PaperDifferences
from pvdbench.tables.table import Column, Row, Table, Value, psnr_column, ssim_column

_MARKS = "Best mean of the measured rows bold, second underlined; which order is clear, the ranks say."
_PAPER_GROUPS = {"all": "Entire test set", "sharpest": "Sharpest 10 %", "blurriest": "Blurriest 10 %"}
_PAPER_SUFFIX = {"all": "all", "sharpest": "sharpest10", "blurriest": "blurriest10"}
_Measured = Mapping[str, Value]


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make Tables 1 to 3, with the rows whose method failed; a table without rows is left out."""
    context, params, wanted = inputs.context, inputs.params, inputs.wanted
    motion, deblur, published = inputs.motion, inputs.deblur, inputs.published
    made = (
        (table1(context, params.table1, motion, published.table1), wanted.table1),
        (table2(context, params.table2, deblur, published.table2), wanted.table2),
        (table3(context, params.table3, deblur, published.table3, inputs.complexity), wanted.table3),
    )
    whole = (table.with_skipped(labels, inputs.skipped.reasons) for table, labels in made)
    yield from (table for table in whole if table.rows)


def table1(
    context: Context, labels: Mapping[str, str], scores: Scores, paper: pd.DataFrame
) -> Table:
    """Motion estimation on blurry frames, scored by warping the sharp ones (Sec. 4.2).

    Args:
        labels: row name to the paper's label.
        paper: published table 1, by label.
    """
    published = _grouped(paper)
    differences = PaperDifferences(context, labels, scores, published)
    errors = _error_columns(context) if any(frames["epe_px"].notna().any() for frames in scores.values()) else ()
    caption = (
        f"{context.beside_paper(context.scored(counted(scores)))} "
        "Sharp frame t - 1 is warped by the flow from blurry frame t to blurry frame t - 1 and "
        f"scored against sharp frame t{', the flow against the true flow where it is known' if errors else ''}. "
        f"{context.ranked}{differences.caption} {_MARKS}"
    )
    columns = (*score_columns(context), *errors, *_paper_columns(), *differences.columns)

    def measured(row: str) -> _Measured:
        known = {column.key: scores[row][column.key].dropna() for column in errors}
        return group_means(scores[row]) | differences.of(row) | {
            key: intervals.mean(values, scores[row].loc[values.index, "video"]) for key, values in known.items()
        }  # fmt: skip

    return _table(
        context,
        "table1",
        "Table 1: motion estimation on blurry frames",
        caption,
        columns,
        _rows(labels, columns, measured, published),
        task="motion",
    )


def table2(
    context: Context, labels: Mapping[str, str], scores: Scores, paper: pd.DataFrame
) -> Table:
    """The ablation of motion compensation and pixel volume (Sec. 4.3); arguments as table1."""
    published = _grouped(paper)
    differences = PaperDifferences(context, labels, scores, published)
    columns = (*score_columns(context), *_paper_columns(), *differences.columns)

    def measured(row: str) -> _Measured:
        return group_means(scores[row]) | differences.of(row)

    rows = _rows(labels, columns, measured, published)
    title = "Table 2: ablation of motion compensation and pixel volume"
    ranked = f"{context.ranked}{differences.caption} {_MARKS}"
    caption = f"{context.beside_paper(context.scored(counted(scores)))} {ranked}"
    return _table(context, "table2", title, caption, columns, rows)


def table3(
    context: Context,
    labels: Mapping[str, str],
    scores: Scores,
    paper: pd.DataFrame,
    complexity: Path,
) -> Table:
    """Motion compensation against a larger network (Sec. 4.5).

    Args:
        complexity: the folder with ROW.json of each row.
        context, labels, scores, paper: as table1.
    """

    published = paper.rename(columns=lambda name: f"paper_{name}")
    differences = PaperDifferences(
        context, labels, scores, published.assign(paper_psnr_db_all=published["paper_psnr_db"])
    )

    def measured(row: str) -> _Measured:
        return (
            group_means(scores[row])
            | size_of(read_complexity(complexity / f"{row}.json"))
            | differences.of(row)
        )

    caption = (
        f"{context.beside_paper(context.scored(counted(scores)))} "
        f"Parameters are those of PVDNet and BIMNet together and apart.{differences.caption} {_MARKS}"
    )
    columns = (*_size_columns(context), *differences.columns)
    return _table(
        context,
        "table3",
        "Table 3: motion compensation against a larger network",
        caption,
        columns,
        _rows(labels, columns, measured, published),
    )


def group_means(frames: pd.DataFrame) -> dict[str, Value]:
    """PSNR (dB) and SSIM averaged over each group of frames, keyed as psnr_db_all."""
    return {
        f"{quantity}_{group}": group_mean(frames, group, quantity)
        for group in GROUPS
        for quantity in ("psnr_db", "ssim")
    }


def score_columns(context: Context) -> tuple[Column, ...]:
    """PSNR and SSIM over each group of frames, keyed as group_means."""
    return tuple(
        column
        for group in GROUPS
        for column in (
            psnr_column(f"psnr_db_{group}", context.source, context.group_heading(group), frames=group),
            ssim_column(f"ssim_{group}", context.source, context.group_heading(group), frames=group),
        )
    )


def _error_columns(context: Context) -> tuple[Column, ...]:
    group = "Endpoint error (px)"
    return (
        Column("epe_px", context.source, group, "All", 2, "lower", interval=True),
        Column("epe_visible_px", context.source, group, "Visible", 2, "lower", interval=True),
    )


def _paper_columns() -> tuple[Column, ...]:
    return tuple(
        column
        for group in GROUPS
        for column in (
            _paper_column(f"paper_psnr_db_{group}", _PAPER_GROUPS[group], "PSNR (dB)", 2, frames=group),
            _paper_column(f"paper_ssim_{group}", _PAPER_GROUPS[group], "SSIM", 3, frames=group),
        )
    )


def _size_columns(context: Context) -> tuple[Column, ...]:
    parameters = "Parameters (M)"
    return (
        psnr_column("psnr_db_all", context.source, "Entire test set", frames="all"),
        ssim_column("ssim_all", context.source, "Entire test set", frames="all"),
        Column("params_total_m", context.source, parameters, "Total", 3),
        Column("params_pvdnet_m", context.source, parameters, "PVDNet", 3),
        Column("params_bimnet_m", context.source, parameters, "BIMNet", 3),
        milliseconds_column(context),
        _paper_column("paper_psnr_db", "Entire test set", "PSNR (dB)", 2, frames="all"),
        _paper_column("paper_ssim", "Entire test set", "SSIM", 3, frames="all"),
        _paper_column("paper_params_total_m", parameters, "Total", 1),
        _paper_column("paper_params_pvdnet_m", parameters, "PVDNet", 1),
        _paper_column("paper_params_bimnet_m", parameters, "BIMNet", 1),
    )


def _paper_column(key: str, group: str, heading: str, digits: int, *, frames: str = "") -> Column:
    return Column(key, PAPER_SOURCE, group, heading, digits, origin="published", frames=frames)


def _grouped(paper: pd.DataFrame) -> pd.DataFrame:
    """Published columns under the keys of _paper_columns."""
    names = {
        f"{quantity}_{_PAPER_SUFFIX[group]}": f"paper_{quantity}_{group}"
        for group in GROUPS
        for quantity in ("psnr_db", "ssim")
    }
    return paper.rename(columns=names)


def _rows(
    labels: Mapping[str, str],
    columns: tuple[Column, ...],
    measured: Callable[[str], _Measured],
    paper: pd.DataFrame,
) -> tuple[Row, ...]:
    """The study's rows, then those that only the paper has."""

    def row(name: str, label: str) -> Row:
        published = paper.loc[label].to_dict() if label in paper.index else {}
        own = measured(name) if name else {}
        values = (own.get(column.key, float(published.get(column.key, math.nan))) for column in columns)
        return Row(name, label, tuple(values))

    own = [row(name, label) for name, label in labels.items()]
    return (*own, *(row("", label) for label in paper.index if label not in labels.values()))


def _table(
    context: Context, name: str, title: str, caption: str, columns: tuple[Column, ...], rows: tuple[Row, ...],
    *, task: str = "deblur",
) -> Table:  # fmt: skip
    return Table(name, title, caption, context.dataset, context.protocol, columns, rows, "tables", task)
