"""The registry of tables: each module that makes tables is named here, in the order of the report."""

from collections.abc import Callable, Iterable

from pvdbench.tables import (
    clips,
    comparison,
    cost,
    metrics,
    paper,
    protocols,
    published,
    quantiles,
    ranks,
    temporal,
    volume,
)
from pvdbench.tables.inputs import TableInputs
from pvdbench.tables.table import Table

TABLES: tuple[Callable[[TableInputs], Iterable[Table]], ...] = (
    paper.tables,
    comparison.tables,
    cost.tables,
    volume.tables,
    ranks.tables,
    published.tables,
    protocols.tables,
    metrics.tables,
    quantiles.tables,
    temporal.tables,
    clips.tables,
)
"""Each gives the tables of one data set; a table's `part` is the report's heading that it stands under."""
