"""The stage `tables`: score files in, the paper's tables, everything beside them and the findings out."""

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pvdbench.core.files import replaced_file, replaced_folder
from pvdbench.tables.comparisons import comparison_tables
from pvdbench.tables.context import Context, read_context
from pvdbench.tables.cost_table import cost_table, row_costs
from pvdbench.tables.files import DatasetTables, write_tables
from pvdbench.tables.findings import Comparison, Finding
from pvdbench.tables.intervals import Bootstrap
from pvdbench.tables.lens import lens_tables, read_lens
from pvdbench.tables.other_tables import clips_table, section44
from pvdbench.tables.paper_tables import table1, table2, table3
from pvdbench.tables.params import TableParams
from pvdbench.tables.published import Published, read_published
from pvdbench.tables.published_table import published_table
from pvdbench.tables.quantiles import quantiles_table
from pvdbench.tables.ranks import Ranking, write_pairs
from pvdbench.tables.scores import Scores, group_mean, read_protocols, read_scores
from pvdbench.tables.skipped import Skipped, read_skipped
from pvdbench.tables.table import Table
from pvdbench.tables.temporal import temporal_tables


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
    published, every = read_published(root), params
    metrics = {}
    with replaced_folder(study / "reports" / "tables") as folder:
        for dataset in datasets:
            skipped = read_skipped(study, dataset, every)
            params = skipped.without(every)
            motion, deblur = _scores(study, dataset, params)
            context = read_context(root, dataset, params, ranking=ranking)
            ranks = _ranks(context, params, motion, deblur)
            tables = (
                *_paper_tables(study, context, every, skipped, published, motion, deblur),
                *(table for task in ranks for table in task.tables()),
                *_published_table(study, context, params, published),
                *_other_tables(study, context, params, motion, deblur),
            )
            write_tables(
                folder,
                DatasetTables(
                    dataset,
                    context.data,
                    tuple(table.apart(bounds) for table in tables),
                    _findings(params, published, motion, deblur),
                    skipped.rows(every),
                ),
            )
            for task in ranks:
                write_pairs(folder, task)
            metrics[dataset] = {
                "deblur": _metrics(deblur, params.bootstrap),
                "motion": _metrics(motion, params.bootstrap),
            }
    with replaced_file(study / "reports" / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n")


def _scores(study: Path, dataset: str, params: TableParams) -> tuple[Scores, Scores]:
    """The scores of Table 1's rows, and of those of Tables 2 and 3."""
    how: dict[str, Any] = {"protocol": params.protocol, "percent": params.percent}
    motion = read_scores(study, "flow", dataset, params.table1, **how)
    return motion, read_scores(study, "deblur", dataset, params.deblur_labels, **how)


def _paper_tables(
    study: Path, context: Context, every: TableParams, skipped: Skipped, published: Published, motion: Scores,
    deblur: Scores,
) -> tuple[Table, ...]:  # fmt: skip
    """Those with the rows that failed, and Sec. 4.4 where its rows have results."""
    costs = study / "data" / "cost" / "deblur" / context.dataset
    params, bootstrap = skipped.without(every), every.bootstrap
    tables = (
        skipped.add(table1(context, params.table1, motion, published.table1, bootstrap), every.table1),
        skipped.add(table2(context, params.table2, deblur, published.table2, bootstrap), every.table2),
        skipped.add(table3(context, params.table3, deblur, published.table3, bootstrap, costs), every.table3),
        *(skipped.add(table, rows) for table, rows in comparison_tables(context, every, deblur, bootstrap, costs)),
        skipped.add(
            cost_table(context, row_costs(context, study, params.deblur_labels, deblur, bootstrap), deblur),
            every.deblur_labels,
        ),
        section44(context, study, published.sec44, bootstrap),
    )
    return tuple(table for table in tables if table.rows)


def _ranks(context: Context, params: TableParams, motion: Scores, deblur: Scores) -> tuple[Ranking, ...]:
    """Of the tasks of which any row has a result."""
    tasks = (
        Ranking(context, "deblur", params.deblur_labels, deblur, params.bootstrap),
        Ranking(context, "motion", params.table1, motion, params.bootstrap),
    )
    return tuple(task for task in tasks if task.scores)


def _published_table(study: Path, context: Context, params: TableParams, published: Published) -> tuple[Table, ...]:
    """Published numbers of this data set beside ours under every protocol that the rows were scored by, if any."""
    by_protocol: dict[str, Scores] = {}
    for row in params.published:
        for protocol, frames in read_protocols(study, context.dataset, row).items():
            by_protocol.setdefault(protocol, {})[row] = frames[frames["counted"]]
    table = published_table(context, params.published, by_protocol, published.numbers, params.bootstrap)
    return () if table is None else (table,)


def _other_tables(
    study: Path, context: Context, params: TableParams, motion: Scores, deblur: Scores
) -> tuple[Table, ...]:
    lens = read_lens(study, context, params)
    of_deblurring = (
        *(lens_tables(lens) if lens else ()),
        quantiles_table(context, params.deblur_labels, deblur, params.bootstrap),
        *temporal_tables(context, study, params.deblur_labels, params.bootstrap),
        clips_table(context, "deblur", params.deblur_labels, deblur, params.bootstrap),
    ) if deblur else ()  # fmt: skip
    of_motion = (clips_table(context, "motion", params.table1, motion, params.bootstrap),) if motion else ()
    return (*of_deblurring, *of_motion)


def _findings(params: TableParams, published: Published, motion: Scores, deblur: Scores) -> tuple[Finding, ...]:
    """The gains that the paper claims, then the order of each table."""
    tables = (
        Comparison("table1", params.table1, motion, published.table1, params.bootstrap),
        Comparison("table2", params.table2, deblur, published.table2, params.bootstrap),
        Comparison("table3", params.table3, deblur, published.table3, params.bootstrap),
    )
    gains = [finding for table in (tables[1], tables[0]) for finding in table.gains()]
    return (*gains, *(finding for table in tables for finding in table.order()))


def _metrics(scores: Scores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """PSNR a row, as `dvc metrics show` prints it, and how many frames it leaves out, if any."""

    def row(name: str) -> dict[str, float | None]:
        means = {group: group_mean(scores[name], group, "psnr_db", bootstrap) for group in ("all", "blurriest")}
        psnr = {f"psnr_{group}": round(m.mean, 4) if math.isfinite(m.mean) else None for group, m in means.items()}
        return psnr | {f"identical_{group}": float(m.identical) for group, m in means.items() if m.identical}

    return {name: row(name) for name in scores}
