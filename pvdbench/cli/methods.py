"""pvdbench methods: list methods, begin one, check it, and run it over one data set."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import print_table, study_folder

if TYPE_CHECKING:
    from pvdbench.methods.card import Kind
    from pvdbench.study.study import Study


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

    from pvdbench.study.study import load_study
    from pvdbench.tables.methods import MethodLine, list_methods

    study = load_study(folder)
    motion, deblur = study.params.motion, study.params.deblur
    lines = list_methods(
        study.methods, folder, study.root,
        {"motion": {name: row.method for name, row in motion.items()},
         "deblur": {name: row.method for name, row in deblur.items()}},
    )  # fmt: skip
    print_table([field.name for field in fields(MethodLine)], map(astuple, lines), right=["parameters"])


@methods.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["python", "folder", "command"]), default="python", show_default=True,
              help="How the method runs.")  # fmt: skip
@click.option(
    "--in",
    "place",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; by default the repository's methods/.",
)
@study_folder
def new(name: str, kind: "Kind", place: Path | None, folder: Path) -> None:
    """Write a folder NAME that passes every check as it is.

    Of the kinds, python runs in pvdbench's own process, command is a program in its own environment, and folder are
    frames that exist.
    """
    from pvdbench.methods.template import new_method
    from pvdbench.study.study import load_study

    study = load_study(folder)
    for file in new_method(place or study.methods[0], name, kind, study.methods):
        click.echo(file)
    if place is not None and place.resolve() not in {known.resolve() for known in study.methods}:
        key = os.path.relpath(place.resolve(), folder.resolve())
        click.echo(f"the folder for params.yaml, without which no study finds it: methods: [{json.dumps(key)}]")
    click.echo(f"a row for params.yaml, deblur: {name}: {{method: {name}, motion: {next(iter(study.params.motion))}}}")


@methods.command()
@click.argument("name")
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Weights file in place of those that method.yaml names."
)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="Seconds that a check may take.")  # fmt: skip
@study_folder
def check(name: str, weights: Path | None, seconds: float, folder: Path) -> None:
    """Check NAME on three frames; each check that fails is a line that says what to change."""
    from pvdbench.core.errors import MethodError
    from pvdbench.methods.check_inputs import CheckedMethod
    from pvdbench.methods.checks import check_method, count_checks
    from pvdbench.study.study import load_study

    study = load_study(folder)
    checked = CheckedMethod(study.place_of(name), name, weights, study.params.threads)
    failed = 0
    for outcome in check_method(checked, seconds=seconds):
        click.echo(f"{outcome.check}: {'fine' if outcome.passed else 'FAILED'}: {outcome.message}")
        failed += not outcome.passed
    if failed:
        raise MethodError(f"{name}: {failed} of {count_checks(checked)} checks failed, listed above; mend the method")


@methods.command()
@click.argument("name")
@click.argument("dataset")
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Weights file in place of those that method.yaml names."
)
@study_folder
def run(name: str, dataset: str, weights: Path | None, folder: Path) -> None:
    """Run NAME over the test clips of DATASET and score it, without a row; all goes to data/trials."""
    from pvdbench.study.study import load_study

    for line in _run_and_score(load_study(folder), name, dataset, weights):
        click.echo(line)


def _run_and_score(study: "Study", name: str, dataset: str, weights: Path | None) -> Iterator[str]:
    """Run and score a method into data/trials/DATASET/NAME; yield a line of scores, then one of what it took."""
    from pvdbench.analysis.scores import means_line
    from pvdbench.core.errors import MethodError
    from pvdbench.inference.row_run import RowRun
    from pvdbench.inference.runner import run_row
    from pvdbench.inference.truth import sees_truth
    from pvdbench.io.cost import read_complexity, read_cost
    from pvdbench.methods.card import read_card
    from pvdbench.scoring.dataset import ScoredRow, score_row

    place, out = study.place_of(name), study.data("trials", dataset, name)
    task = read_card(place, name).task
    trial = RowRun(
        task, f"methods run {name} {dataset}", name, place, name, None, study.dataset(dataset), out / "frames",
        out / "complexity.json", out / "cost.json", out / "program.log", study.params.threads, given=weights,
        sandbox=study.params.isolation == "sandbox",
    )  # fmt: skip
    if reason := run_row(trial):
        raise MethodError(reason)
    scored = ScoredRow(dataset, name, task, study.dataset(dataset), out / "frames")
    score_row(scored, out / "scores.csv", protocols=study.params.protocols.names)
    mark = "an upper bound, which sees the truth: " if sees_truth(read_card(place, name), None, weights) else ""
    yield mark + means_line(out / "scores.csv", task, study.params.tables.protocol)
    cost, complexity = read_cost(out / "cost.json"), read_complexity(out / "complexity.json")
    time = "no time of its own" if (ms := cost["milliseconds_median"]) is None else f"{ms:.1f} ms per frame"
    yield f"{out}: {time}, frames of {complexity.width}x{complexity.height}, {cost['hardware']}"
