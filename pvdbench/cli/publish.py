"""pvdbench tables, figures, report: what people read."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.command()
@study_folder
def tables(folder: Path) -> None:
    """Make the paper's tables from the score files."""
    from pvdbench.pipeline.study import load_study
    from pvdbench.tables.build import build_tables

    study = load_study(folder)
    params = study.params
    build_tables(
        folder,
        study.root,
        datasets=params.datasets.test,
        params=params.tables,
        ranking=params.protocols.ranking,
    )


@click.command()
@study_folder
def figures(folder: Path) -> None:
    """Make the paper's figures from frames, flow, scores and training logs."""
    from pvdbench.pipeline.study import load_study
    from pvdbench.tables.figures import build_figures

    study = load_study(folder)
    params = study.params
    build_figures(
        folder,
        study.root,
        datasets=params.datasets.test,
        params=params.tables,
        ranking=params.protocols.ranking,
    )


@click.command()
@study_folder
def report(folder: Path) -> None:
    """Make reports/index.html from tables and figures."""
    from pvdbench.pipeline.study import load_study
    from pvdbench.report.build import build_report

    study = load_study(folder)
    chosen = study.params.datasets
    build_report(folder, study.root, train=chosen.train, datasets=chosen.test)
