"""The stage `tables`: score files in, the paper's tables, everything beside them and the findings out."""

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pvdbench.analysis.bootstrap import Bootstrap, bootstrap_of
from pvdbench.analysis.findings import Comparison, Finding
from pvdbench.analysis.published import Published, read_published
from pvdbench.analysis.ranks import Ranking, write_pairs
from pvdbench.analysis.scores import Scores, group_mean, read_protocols, read_scores
from pvdbench.analysis.skipped import Skipped, read_skipped
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.study.table_params import TableParams
from pvdbench.tables.captions import Context, read_context
from pvdbench.tables.clips import clips_table
from pvdbench.tables.comparison import comparison_tables
from pvdbench.tables.cost import cost_table
from pvdbench.tables.files import DatasetTables, write_tables
from pvdbench.tables.paper import table1, table2, table3
from pvdbench.tables.protocols import lens_tables, read_lens
from pvdbench.tables.published import published_table
from pvdbench.tables.quantiles import quantiles_table
from pvdbench.tables.ranks import ranking_tables
from pvdbench.tables.table import Table
from pvdbench.tables.temporal import temporal_tables
from pvdbench.tables.volume import section44


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
            ranks = _ranks(params, motion, deblur)
            tables = (
                *_paper_tables(study, context, every, skipped, published, motion, deblur),
                *(table for task in ranks for table in ranking_tables(context, task)),
                *_published_table(study, context, params, published),
                *_other_tables(study, context, params, motion, deblur),
            )
            write_tables(
                folder,
                DatasetTables(
                    dataset,
                    context.data,
                    tuple(table.with_upper_bounds(bounds) for table in tables),
                    _findings(params, published, motion, deblur),
                    skipped.rows(every),
                ),
            )
            for task in ranks:
                write_pairs(folder / f"{dataset}-pairs-{task.task}.csv", task)
            metrics[dataset] = {
                "deblur": _metrics(deblur, bootstrap_of(params)),
                "motion": _metrics(motion, bootstrap_of(params)),
            }
    with replaced_file(study / "reports" / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n")


def _scores(study: Path, dataset: str, params: TableParams) -> tuple[Scores, Scores]:
    """The scores of Table 1's rows, and of those of Tables 2 and 3."""
    how: dict[str, Any] = {"protocol": params.protocol, "percent": params.percent}
    motion = read_scores(study, "motion", dataset, params.table1, **how)
    return motion, read_scores(study, "deblur", dataset, params.deblur_labels, **how)


def _paper_tables(
    study: Path, context: Context, every: TableParams, skipped: Skipped, published: Published, motion: Scores,
    deblur: Scores,
) -> tuple[Table, ...]:  # fmt: skip
    """Those with the rows that failed, and Sec. 4.4 where its rows have results."""
    complexity = study / "data" / "complexity" / "deblur" / context.dataset
    params, bootstrap = skipped.without(every), bootstrap_of(every)
    own = (
        (table1(context, params.table1, motion, published.table1, bootstrap), every.table1),
        (table2(context, params.table2, deblur, published.table2, bootstrap), every.table2),
        (table3(context, params.table3, deblur, published.table3, bootstrap, complexity), every.table3),
        *comparison_tables(context, every, deblur, bootstrap, complexity),
        (cost_table(context, params.deblur_labels, deblur, bootstrap, complexity), every.deblur_labels),
    )  # fmt: skip
    tables = (
        *(table.with_skipped(labels, skipped.reasons) for table, labels in own),
        section44(context, study, published.sec44, bootstrap),
    )
    return tuple(table for table in tables if table.rows)


def _ranks(params: TableParams, motion: Scores, deblur: Scores) -> tuple[Ranking, ...]:
    """Of the tasks of which any row has a result."""
    tasks = (
        Ranking("deblur", params.deblur_labels, deblur, bootstrap_of(params)),
        Ranking("motion", params.table1, motion, bootstrap_of(params)),
    )
    return tuple(task for task in tasks if task.scores)


def _published_table(study: Path, context: Context, params: TableParams, published: Published) -> tuple[Table, ...]:
    """Published numbers of this data set beside ours under every protocol that the rows were scored by, if any."""
    by_protocol: dict[str, Scores] = {}
    for row in params.published:
        for protocol, frames in read_protocols(study, context.dataset, row).items():
            by_protocol.setdefault(protocol, {})[row] = frames[frames["counted"]]
    table = published_table(context, params.published, by_protocol, published.numbers, bootstrap_of(params))
    return () if table is None else (table,)


def _other_tables(
    study: Path, context: Context, params: TableParams, motion: Scores, deblur: Scores
) -> tuple[Table, ...]:
    lens = read_lens(study, context, params)
    of_deblurring = (
        *(lens_tables(lens) if lens else ()),
        quantiles_table(context, params.deblur_labels, deblur, bootstrap_of(params)),
        *temporal_tables(context, study, params.deblur_labels, bootstrap_of(params)),
        clips_table(context, "deblur", params.deblur_labels, deblur, bootstrap_of(params)),
    ) if deblur else ()  # fmt: skip
    of_motion = (clips_table(context, "motion", params.table1, motion, bootstrap_of(params)),) if motion else ()
    return (*of_deblurring, *of_motion)


def _findings(params: TableParams, published: Published, motion: Scores, deblur: Scores) -> tuple[Finding, ...]:
    """The gains that the paper claims, then the order of each table."""
    tables = (
        Comparison("table1", params.table1, motion, published.table1, bootstrap_of(params)),
        Comparison("table2", params.table2, deblur, published.table2, bootstrap_of(params)),
        Comparison("table3", params.table3, deblur, published.table3, bootstrap_of(params)),
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
