"""What quality costs (Sec. 4.5): every deblurring row's PSNR and SSIM beside its parameters, work, time and memory.

Parameters and multiply-adds are results. Time and memory are those of one machine: `with_costs` fills them in wherever
tables are shown, and no stored table has them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pvdbench.analysis.scores import Scores, counted, group_mean
from pvdbench.io.cost import Complexity, machine, read_complexity, read_cost
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table, Value, psnr_column, ssim_column

MILLISECONDS, MEMORY, MULTIPLY_ADDS = "milliseconds_per_frame", "peak_memory_mib", "multiply_adds_720p_g"
"""Keys of columns; the first two hold what this machine measured."""

_MILLION, _BILLION = 1e6, 1e9


def milliseconds_column(context: Context) -> Column:
    """The column that with_costs fills with the median time per frame."""
    return Column(MILLISECONDS, context.source, "Time", "ms per frame", 1)


def size_of(complexity: Complexity) -> dict[str, Value]:
    """Learned parameters in millions, together and by part; NaN for a part that a row does not have."""
    parts = {part: count / _MILLION for part, count in complexity.parameters.items()}
    return {
        "params_total_m": sum(parts.values()) if parts else math.nan,
        "params_pvdnet_m": parts.get("deblur", math.nan),
        "params_bimnet_m": parts.get("motion", math.nan),
        MILLISECONDS: math.nan,
    }


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the table of quality and cost, with the rows whose method failed."""
    labels = inputs.params.deblur_labels
    table = cost_table(inputs.context, labels, inputs.deblur, inputs.complexity)
    whole = table.with_skipped(inputs.wanted.deblur_labels, inputs.skipped.reasons)
    if whole.rows:
        yield whole


def cost_table(
    context: Context, labels: Mapping[str, str], scores: Scores, complexity: Path
) -> Table:
    """Build the table `cost`.

    Args:
        labels: row name to label.
        complexity: the folder with ROW.json of each row.

    Raises:
        DataError: if a row's file is missing or damaged.
    """
    caption = (
        f"{context.scored(counted(scores))}. Multiply-adds are those of convolutions and matrix products, counted by "
        f"PyTorch on frames of {context.size} and scaled by pixels to 1280x720."
    )
    rows = tuple(
        Row(name, label, (
            group_mean(scores[name], "all", "psnr_db"),
            group_mean(scores[name], "all", "ssim"),
            *_work(read_complexity(complexity / f"{name}.json")),
            math.nan,
            math.nan,
        ))
        for name, label in labels.items()
    )  # fmt: skip
    columns = _columns(context)
    return Table(
        "cost", "Quality and cost", caption, context.dataset, context.protocol, columns, rows, "cost", "deblur"
    )


def with_costs(study: Path, stored: DatasetTables) -> DatasetTables:
    """Fill in what this machine measured of each deblurring row; an en dash stays where it measured nothing.

    Args:
        study: the folder with data/cost.

    Raises:
        DataError: if a cost file is damaged.
    """
    folder = study / "data" / "cost" / "deblur" / stored.dataset
    return replace(stored, tables=tuple(_with_costs(folder, table) for table in stored.tables))


def _with_costs(folder: Path, table: Table) -> Table:
    places = {column.key: i for i, column in enumerate(table.columns) if column.key in (MILLISECONDS, MEMORY)}
    names = [row.name for row in table.rows if places and row.name and not row.skipped]
    costs = {name: facts for name in names if "threads" in (facts := read_cost(folder / f"{name}.json"))}
    if not costs:
        return table
    machines = "; ".join(sorted({machine(facts) for facts in costs.values()}))
    note = f" Milliseconds are the median per frame, reading included and writing not, measured on {machines}."
    if MEMORY in places:
        note += " Memory is the peak of the process, or of the graphics card; that of a program is not known."
    return replace(table, caption=table.caption + note, rows=tuple(
        replace(row, values=_filled(row.values, places, costs[row.name])) if row.name in costs else row
        for row in table.rows
    ))  # fmt: skip


def _filled(values: tuple[Value, ...], places: Mapping[str, int], facts: Mapping[str, Any]) -> tuple[Value, ...]:
    measured = {MILLISECONDS: _number(facts.get("milliseconds_median")), MEMORY: _memory(facts)}
    filled = {place: measured[key] for key, place in places.items()}
    return tuple(filled.get(i, value) for i, value in enumerate(values))


def _columns(context: Context) -> tuple[Column, ...]:
    source, per_frame = context.source, "Per frame"
    return (
        psnr_column("psnr_db_all", source, "Entire test set", frames="all"),
        ssim_column("ssim_all", source, "Entire test set", frames="all"),
        Column("parameters_m", source, "Parameters", "(M)", 3),
        Column(MULTIPLY_ADDS, source, per_frame, "Multiply-adds at 1280x720 (G)", 2),
        Column(MILLISECONDS, source, per_frame, f"ms at {context.size}", 1),
        Column(MEMORY, source, "Peak memory", "(MiB)", 0),
    )


def _work(complexity: Complexity) -> tuple[float, float]:
    """Parameters in millions and multiply-adds in thousand millions; NaN for what is not there or not counted."""
    parameters = complexity.parameters
    return (
        sum(parameters.values()) / _MILLION if parameters else math.nan,
        _number(complexity.multiply_adds_720p) / _BILLION,
    )


def _memory(facts: Mapping[str, Any]) -> float:
    """The graphics card's, or else the process's; not known of a program or of frames that were there before."""
    if facts.get("timed", "frame") != "frame":
        return math.nan
    return _number(facts.get("peak_device_memory_mib", facts.get("peak_memory_mib")))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
