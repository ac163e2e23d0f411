"""pvdbench infer: run a row's method over the test clips of a data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pvdbench.cli.options import Jobs, parallel, study_folder

if TYPE_CHECKING:
    from pvdbench.methods.card import Task


@click.group()
def infer() -> None:
    """Run a row's method over the test clips of a data set."""


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def motion(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Estimate flow between the blurry frames of DATASET by ROW of `motion`, and warp the sharp ones by it.

    A method that fails leaves its reason in place of flow; the study goes on without the row. A command
    that was killed goes on when it is given again, with the clip that it was at.
    """
    from pvdbench.study.rows import load_rows

    _run("motion", folder, dataset, row, load_rows(folder).motion_row(row).method, None, jobs)


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
@parallel
def deblur(dataset: str, row: str, folder: Path, jobs: Jobs) -> None:
    """Deblur the test clips of DATASET by ROW of `deblur`.

    A method that fails leaves its reason in place of frames; the study goes on without the row. A command
    that was killed goes on when it is given again, with the clip that it was at.
    """
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    _run("deblur", folder, dataset, row, study.deblur_row(row).method, study.options(row), jobs)


def _run(
    task: "Task", folder: Path, dataset: str, row: str, method: str, options: dict[str, Any] | None, jobs: Jobs
) -> None:  # fmt: skip
    from pvdbench.inference.row_run import RowRun
    from pvdbench.inference.runner import run_row
    from pvdbench.study.rows import load_rows

    study = load_rows(folder)
    run = RowRun(
        task, f"infer {task} {dataset} {row}", row, study.place_of(method), method,
        study.data("weights", task, f"{row}.safetensors"), study.dataset(dataset),
        out=study.data(task, dataset, row),
        complexity=study.data("complexity", task, dataset, f"{row}.json"),
        cost=study.data("cost", task, dataset, f"{row}.json"),
        log=study.data("logs", dataset, f"{row}.log"),
        threads=study.params.threads,
        options=options,
        sandbox=study.params.isolation == "sandbox",
        bound=study.is_upper_bound(row) if task == "deblur" else False,
        jobs=jobs,
        half=study.data("checkpoints", "infer", task, dataset, row),
        code=study.data("code", task, f"{row}.json"),
    )  # fmt: skip
    if reason := run_row(run):
        click.echo(f"{row}: skipped: {reason}", err=True)
