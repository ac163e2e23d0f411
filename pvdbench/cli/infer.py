"""pvdbench infer: run a row's method over the test clips of a data set."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.group()
def infer() -> None:
    """Run a row's method over the test clips of a data set."""


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def motion(dataset: str, row: str, folder: Path) -> None:
    """Estimate flow between the blurry frames of DATASET by ROW of `motion`, and warp the sharp ones by it.

    A method that fails leaves its reason in place of flow; the study goes on without the row.
    """
    from pvdbench.inference.row import Attempt
    from pvdbench.inference.runner import attempt
    from pvdbench.study.study import load_study

    study = load_study(folder)
    method = study.motion_row(row).method
    run = Attempt(
        "motion", f"infer motion {dataset} {row}", row, study.place_of(method), method,
        study.data("weights", "motion", f"{row}.safetensors"), study.dataset(dataset),
        out=study.data("motion", dataset, row),
        cost=study.data("cost", "motion", dataset, f"{row}.json"),
        log=study.data("logs", dataset, f"{row}.log"),
        threads=study.params.threads,
    )  # fmt: skip
    _say(row, attempt(run))


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def deblur(dataset: str, row: str, folder: Path) -> None:
    """Deblur the test clips of DATASET by ROW of `deblur`.

    A method that fails leaves its reason in place of frames; the study goes on without the row.
    """
    from pvdbench.inference.row import Attempt
    from pvdbench.inference.runner import attempt
    from pvdbench.study.study import load_study

    study = load_study(folder)
    method = study.deblur_row(row).method
    run = Attempt(
        "deblur", f"infer deblur {dataset} {row}", row, study.place_of(method), method,
        study.data("weights", "deblur", f"{row}.safetensors"), study.dataset(dataset),
        out=study.data("deblur", dataset, row),
        cost=study.data("cost", "deblur", dataset, f"{row}.json"),
        log=study.data("logs", dataset, f"{row}.log"),
        threads=study.params.threads,
        options=study.options(row),
    )  # fmt: skip
    _say(row, attempt(run))


def _say(row: str, reason: str) -> None:
    if reason:
        click.echo(f"{row}: skipped: {reason}", err=True)
