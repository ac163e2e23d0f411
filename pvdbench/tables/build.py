"""The stage `tables`: score files in, the paper's tables and the findings out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pvdbench.core.files import replaced_file, replaced_folder
from pvdbench.tables.context import Context, read_context
from pvdbench.tables.files import DatasetTables, write_tables
from pvdbench.tables.findings import Comparison, Finding
from pvdbench.tables.other_tables import clips_table, section44
from pvdbench.tables.paper_tables import group_means, table1, table2, table3
from pvdbench.tables.params import TableParams
from pvdbench.tables.published import Published, read_published
from pvdbench.tables.scores import Scores, read_scores
from pvdbench.tables.table import Table


def build_tables(study: Path, root: Path, *, datasets: Sequence[str], params: TableParams) -> None:
    """Write reports/tables and reports/metrics.json below the study's folder.

    Args:
        study: the folder with the study's data and reports.
        root: the repository's top, which holds data/published and the data sets.
        datasets: the test data sets.

    Raises:
        DataError: naming the first file that is missing, damaged or does not fit the others.
        WriteError: if the disk is full.
    """
    published = read_published(root)
    metrics = {}
    with replaced_folder(study / "reports" / "tables") as folder:
        for dataset in datasets:
            motion, deblur = _scores(study, dataset, params)
            context = read_context(root, dataset, params)
            tables = _tables(study, context, params, published, motion, deblur)
            findings = _findings(params, published, motion, deblur)
            write_tables(folder, DatasetTables(dataset, context.data, tables, findings))
            metrics[dataset] = {"deblur": _metrics(deblur), "motion": _metrics(motion)}
    with replaced_file(study / "reports" / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n")


def _scores(study: Path, dataset: str, params: TableParams) -> tuple[Scores, Scores]:
    """The scores of Table 1's rows, and of those of Tables 2 and 3."""
    how: dict[str, Any] = {"protocol": params.protocol, "percent": params.percent}
    motion = read_scores(study, "flow", dataset, params.table1, **how)
    return motion, read_scores(study, "deblur", dataset, params.deblur_labels, **how)


def _tables(
    study: Path, context: Context, params: TableParams, published: Published, motion: Scores, deblur: Scores
) -> tuple[Table, ...]:
    costs = study / "data" / "cost" / "deblur" / context.dataset
    return (
        table1(context, params.table1, motion, published.table1),
        table2(context, params.table2, deblur, published.table2),
        table3(context, params.table3, deblur, published.table3, costs),
        section44(context, study, published.sec44, resamples=params.resamples, seed=params.seed),
        clips_table(context, "deblur", params.deblur_labels, deblur),
        clips_table(context, "motion", params.table1, motion),
    )


def _findings(params: TableParams, published: Published, motion: Scores, deblur: Scores) -> tuple[Finding, ...]:
    """The gains that the paper claims, then the order of each table."""
    tables = (
        Comparison("table1", params.table1, motion, published.table1, params.resamples, params.seed),
        Comparison("table2", params.table2, deblur, published.table2, params.resamples, params.seed),
        Comparison("table3", params.table3, deblur, published.table3, params.resamples, params.seed),
    )
    gains = [finding for table in (tables[1], tables[0]) for finding in table.gains()]
    return (*gains, *(finding for table in tables for finding in table.order()))


def _metrics(scores: Scores) -> dict[str, dict[str, float]]:
    """PSNR a row, as `dvc metrics show` prints it."""
    means = {row: group_means(frames) for row, frames in scores.items()}
    return {
        row: {f"psnr_{group}": round(mean[f"psnr_db_{group}"], 4) for group in ("all", "blurriest")}
        for row, mean in means.items()
    }
