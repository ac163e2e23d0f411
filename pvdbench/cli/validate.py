"""pvdbench validate: look at a study before it runs."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.command()
@study_folder
def validate(folder: Path) -> None:
    """Check params.yaml, its rows and its methods, before anything runs."""
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    rows = f"{len(study.params.motion)} motion rows, {len(study.params.deblur)} deblur rows"
    click.echo(f"{folder / 'params.yaml'}: {rows}: fine")
