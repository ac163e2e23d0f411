"""The stage `tables`: the registry of tables, made from score files, and the findings."""

import json
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from pvdbench.analysis.findings import Comparison, Finding
from pvdbench.analysis.published import Published, read_published
from pvdbench.analysis.ranks import write_pairs
from pvdbench.analysis.scores import Scores, group_mean, read_scores
from pvdbench.analysis.skipped import read_skipped
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.study.table_params import TableParams
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
from pvdbench.tables.files import DatasetTables, write_tables
from pvdbench.tables.inputs import TableInputs, read_context
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


def build_tables(
    study: Path, root: Path, *, datasets: Sequence[str], params: TableParams, ranking: str, bounds: Collection[str] = ()
) -> None:
    """Write reports/tables and reports/metrics.json below the study's folder.

    Args:
        study: the folder with the study's data and reports.
        root: the repository's top, which holds data/published and the data sets.
        datasets: the test data sets.
        ranking: the protocol whose PSNR of the blurry frames ranked them.
        bounds: rows of `deblur` that look at the truth.

    Raises:
        DataError: naming the first file that is missing, damaged or does not fit the others.
        WriteError: if the disk is full.
    """
    published, metrics = read_published(root), {}
    with replaced_folder(study / "reports" / "tables") as folder:
        for dataset in datasets:
            inputs = _inputs(study, root, dataset, params, published, ranking, bounds)
            made = tuple(table for tables in TABLES for table in tables(inputs))
            bounded = tuple(table.with_upper_bounds(bounds) for table in made)
            skipped = inputs.skipped.rows(params)
            write_tables(folder, DatasetTables(dataset, inputs.context.data, bounded, _findings(inputs), skipped))
            for ranking_of in inputs.rankings:
                write_pairs(folder / f"{dataset}-pairs-{ranking_of.task}.csv", ranking_of)
            tasks = {"deblur": inputs.deblur, "motion": inputs.motion}
            metrics[dataset] = {task: _metrics(scores) for task, scores in tasks.items()}
    with replaced_file(study / "reports" / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _inputs(
    study: Path, root: Path, dataset: str, wanted: TableParams, published: Published, ranking: str,
    bounds: Collection[str],
) -> TableInputs:  # fmt: skip
    skipped = read_skipped(study, dataset, wanted)
    params = skipped.without(wanted)
    how: dict[str, Any] = {"protocol": params.protocol, "percent": params.percent}
    motion = read_scores(study, "motion", dataset, params.table1, **how)
    deblur = read_scores(study, "deblur", dataset, params.deblur_labels, **how)
    context = read_context(root, dataset, params, ranking=ranking)
    return TableInputs(study, context, wanted, skipped, published, motion, deblur, bounds)


def _findings(inputs: TableInputs) -> tuple[Finding, ...]:
    """The gains that the paper claims, then the order of each table; an upper bound is nothing of the paper's."""
    params, published = inputs.params, inputs.published
    table2, table3 = (
        {row: label for row, label in labels.items() if row not in inputs.bounds}
        for labels in (params.table2, params.table3)
    )
    tables = (
        Comparison("table1", params.table1, inputs.motion, published.table1),
        Comparison("table2", table2, inputs.deblur, published.table2),
        Comparison("table3", table3, inputs.deblur, published.table3),
    )
    every = [finding for table in tables for finding in table.findings]
    of = {"table2": 0, "table1": 1}  # the full model's gain first
    gains = sorted((finding for finding in every if finding.kind == "gain"), key=lambda finding: of[finding.table])
    return (*gains, *(finding for finding in every if finding.kind == "order"))


def _metrics(scores: Scores) -> dict[str, dict[str, float | None]]:
    """PSNR per row, as `dvc metrics show` prints it, and how many frames it leaves out, if any."""

    def row(name: str) -> dict[str, float | None]:
        means = {group: group_mean(scores[name], group, "psnr_db") for group in ("all", "blurriest")}
        psnr = {f"psnr_{group}": round(m.mean, 4) if math.isfinite(m.mean) else None for group, m in means.items()}
        return psnr | {f"identical_{group}": float(m.identical) for group, m in means.items() if m.identical}

    return {name: row(name) for name in scores}
