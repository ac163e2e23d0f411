"""Tables without the paper's numbers beside: other methods as in Tables 4 and 5, and variants of PVDNet's own parts.

What others published of the methods stands in the table `published`, a column per protocol; much of Table 4 is known by
quotations alone, which say no protocol.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pvdbench.analysis.scores import Scores, counted
from pvdbench.io.cost import read_complexity
from pvdbench.tables.cost import milliseconds_column, size_of
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.paper import group_means, score_columns
from pvdbench.tables.table import Column, Row, Table

_MARKS = "Best mean bold, second underlined; which order is clear, the ranks say."
_NUMBERS = {"su": "Table 4", "nah": "Table 5"}  # by the data set that the paper measured


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the tables whose rows params.yaml names, with the rows whose method failed; one without rows is left out."""
    number = _NUMBERS.get(inputs.context.dataset, "Tables 4 and 5")
    wanted = (
        ("table4", f"{number}: comparison with other methods", inputs.wanted.table4),
        ("variants", "Variants of the pixel volume and of what it compensates", inputs.wanted.variants),
    )
    for name, title, rows in wanted:
        there = {row: rows[row] for row in rows if row in inputs.deblur}
        table = _table(inputs.context, name, title, there, inputs.deblur, inputs.complexity)
        whole = table.with_skipped(rows, inputs.skipped.reasons)
        if whole.rows:
            yield whole


def _table(
    context: Context, name: str, title: str, labels: Mapping[str, str], scores: Scores,
    complexity: Path,
) -> Table:  # fmt: skip
    columns = (
        *score_columns(context),
        Column("params_total_m", context.source, "Parameters", "(M)", 3),
        milliseconds_column(context),
    )
    rows = []
    for row, label in labels.items():
        measured = group_means(scores[row]) | size_of(read_complexity(complexity / f"{row}.json"))
        rows.append(Row(row, label, tuple(measured[column.key] for column in columns)))
    caption = f"{context.scored(counted(scores))}. {context.ranked} {_MARKS}"
    return Table(name, title, caption, context.dataset, context.protocol, columns, tuple(rows), "tables", "deblur")
