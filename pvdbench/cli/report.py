"""The commands pvdbench tables, figures and report: make what people read of a study."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder

if TYPE_CHECKING:
    from pvdbench.tables.files import Format


@click.command()
@study_folder
@click.option(
    "--format",
    "form",
    type=click.Choice(["latex", "markdown", "csv"]),
    help="Print the tables that were made, for a paper or a README, and make none.",
)
@click.option("--name", "names", multiple=True, metavar="TABLE", help="Print this one, such as table2; again for more.")
def tables(folder: Path, form: "Format | None", names: tuple[str, ...]) -> None:
    """Make the paper's tables from the score files, in reports/tables as CSV, Markdown and LaTeX; or print them.

    LaTeX wants \\usepackage{booktabs} in the preamble and nothing else.
    """
    from pvdbench.study.study import load_study
    from pvdbench.tables.build import build_tables
    from pvdbench.tables.cost import with_costs
    from pvdbench.tables.files import read_tables, tables_text

    if names and not form:
        raise click.UsageError("--name says what to print: it goes with --format.")
    study = load_study(folder)
    params = study.params
    if form:
        stored = [read_tables(folder / "reports" / "tables", name) for name in params.datasets.test]
        click.echo(tables_text([with_costs(folder, tables) for tables in stored], form, names), nl=False)
        return
    build_tables(
        folder,
        study.root,
        datasets=params.datasets.test,
        params=params.tables,
        ranking=params.protocols.ranking,
        bounds=study.upper_bounds,
    )


@click.command()
@study_folder
def figures(folder: Path) -> None:
    """Make the paper's figures from frames, flow, scores and training logs."""
    from pvdbench.figures.build import build_figures
    from pvdbench.study.study import load_study

    study = load_study(folder)
    params = study.params
    warp = params.tables.figures.warp
    build_figures(
        folder,
        study.root,
        datasets=params.datasets.test,
        params=params.tables,
        ranking=params.protocols.ranking,
        network=study.network_params(warp.outputs["ideal"]) if warp and "ideal" in warp.outputs else None,
    )


@click.command()
@study_folder
@click.option("--single-file", is_flag=True, help="One HTML file under 10 MB, reports/report.html, with fewer frames.")
@click.option(
    "--against",
    metavar="OTHER",
    help="Write reports/against.html instead: compare with another folder of scores or with a Git revision.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there whoever wrote it.")
def report(folder: Path, single_file: bool, against: str | None, overwrite: bool) -> None:
    """Make reports/index.html and what it shows from tables, figures, scores and frames.

    Of what lies there a report is replaced, and a file that no report has is refused.
    """
    from pvdbench.report.build import build_report, check_reports
    from pvdbench.report.compare import build_comparison
    from pvdbench.report.inputs import StudyInputs
    from pvdbench.report.single_file import build_single_file
    from pvdbench.study.study import load_study

    study = load_study(folder)
    params = study.params
    inputs = StudyInputs(
        study=folder,
        root=study.root,
        train=params.datasets.train,
        datasets=params.datasets.test,
        params=params.tables,
        ranking=params.protocols.ranking,
    )
    page = "against.html" if against else "report.html" if single_file else "index.html"
    check_reports(inputs.reports, page, overwrite=overwrite)
    if against:
        build_comparison(inputs, against, folder / "reports" / "against.html")
    elif single_file:
        build_single_file(inputs, folder / "reports" / "report.html")
    else:
        build_report(inputs)
