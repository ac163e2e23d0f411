"""pvdbench methods: what there is, a new one, the contract held against one, and one run by itself."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder

if TYPE_CHECKING:
    from pvdbench.contract.card import Kind


@click.group()
def methods() -> None:
    """Look at methods, begin one, check it and try it."""


@methods.command("list")
@study_folder
def list_(folder: Path) -> None:
    """List every method: label, task, kind, parameters, weights here or not, published scores.

    Parameters are those of its rows that have run; weights are the files that the card names, or how many of its rows
    were trained.
    """
    from dataclasses import astuple, fields

    from pvdbench.pipeline.study import load_study
    from pvdbench.tables.methods_list import MethodLine, list_methods

    study = load_study(folder)
    motion, deblur = study.params.motion, study.params.deblur
    lines = list_methods(
        study.methods, folder, study.root,
        {"motion": {name: row.method for name, row in motion.items()},
         "deblur": {name: row.method for name, row in deblur.items()}},
    )  # fmt: skip
    cells = [tuple(field.name for field in fields(MethodLine)), *map(astuple, lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@methods.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["python", "folder", "command"]), default="python", show_default=True)
@click.option("--in", "place", type=click.Path(path_type=Path, file_okay=False), help="Default: the tree's methods/.")
@study_folder
def new(name: str, kind: "Kind", place: Path | None, folder: Path) -> None:
    """Write a folder NAME that passes the contract as it is.

    python runs in pvdbench's own process, command is a program in its own environment, folder are frames that exist.
    """
    from pvdbench.contract.new import new_method
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    for file in new_method(place or study.methods[0], name, kind, study.methods):
        click.echo(file)
    click.echo(f"a row for params.yaml, deblur: {name}: {{method: {name}, motion: {next(iter(study.params.motion))}}}")


@methods.command()
@click.argument("name")
@click.option("--weights", type=click.Path(path_type=Path), help="In place of those that method.yaml names.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="That a part may take.")  # fmt: skip
@study_folder
def check(name: str, weights: Path | None, seconds: float, folder: Path) -> None:
    """Hold the contract against NAME on three frames; each failure is a line that says what to change."""
    from pvdbench.contract.check import check_method
    from pvdbench.contract.trial import Subject
    from pvdbench.core.errors import MethodError
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    failed = 0
    for outcome in check_method(Subject(study.place_of(name), name, weights, study.params.threads), seconds=seconds):
        click.echo(f"{outcome.part}: {'fine' if outcome.fine else 'FAILED'}: {outcome.says}")
        failed += not outcome.fine
    if failed:
        raise MethodError(f"{name}: expected the contract kept, got {failed} parts FAILED, listed above; mend them")


@methods.command()
@click.argument("name")
@click.argument("dataset")
@click.option("--weights", type=click.Path(path_type=Path), help="In place of those that method.yaml names.")
@study_folder
def run(name: str, dataset: str, weights: Path | None, folder: Path) -> None:
    """Run NAME over the test clips of DATASET and score it, without a row; all goes to data/trials."""
    from pvdbench.cli.trial import run_trial
    from pvdbench.pipeline.study import load_study

    for line in run_trial(load_study(folder), name, dataset, weights):
        click.echo(line)
