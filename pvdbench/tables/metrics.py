"""Every metric of every protocol that a study's rows were scored by, also of protocols that other packages bring."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pvdbench.analysis.intervals import IDENTICAL
from pvdbench.analysis.scores import read_row
from pvdbench.scoring.protocol import Metric, Task
from pvdbench.scoring.registry import protocols
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import MISSING, Column, Row, Table, decimal

_TITLES: Mapping[Task, str] = {"deblur": "deblurring", "motion": "motion estimation"}


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make a table per task: a line per protocol and metric, a column per row of the study.

    Raises:
        DataError: if a score file is missing or damaged.
    """
    tasks: Mapping[Task, Mapping[str, str]] = {
        "deblur": inputs.marked(inputs.params.deblur_labels), "motion": inputs.params.table1,
    }  # fmt: skip
    for task, labels in tasks.items():
        scores = {row: read_row(inputs.study, task, inputs.context.dataset, row) for row in labels}
        if scores:
            yield _table(inputs.context, task, labels, scores)


def _table(context: Context, task: Task, labels: Mapping[str, str], scores: Mapping[str, pd.DataFrame]) -> Table:
    columns = (
        Column("better", "Metric", "", "Better", 0),
        *(Column(row, context.source, "", label, 0) for row, label in labels.items()),
    )
    scored = {name for table in scores.values() for name in table["protocol"].unique()}
    counted = {row: dict(iter(table[table["counted"]].groupby("protocol"))) for row, table in scores.items()}
    rows = tuple(
        Row(
            "",
            f"{protocol.name}: {metric.heading}",
            (metric.better, *(_mean(counted[row].get(protocol.name), metric) for row in labels)),
        )
        for protocol in protocols().values()
        if protocol.name in scored
        for metric in protocol.metrics
        if metric.better != "neither"
    )  # fmt: skip
    caption = (
        f"Measured on {context.data}. Means over the frames that each protocol counts; identical frames are left out "
        "where their value is infinite. Numbers of different lines must not be compared."
    )
    title = f"Every metric of every protocol: {_TITLES[task]}"
    return Table(f"metrics-{task}", title, caption, context.dataset, "several", columns, rows, "by-protocol", task)


def _mean(frames: pd.DataFrame | None, metric: Metric) -> str:
    """The mean as printed, in the metric's own digits; an en dash where the row has none."""
    if frames is None:
        return MISSING
    values = frames[metric.name].dropna()
    finite = values[np.isfinite(values)]
    if finite.empty and len(values):
        return IDENTICAL
    return decimal(float(finite.mean()), metric.digits)
