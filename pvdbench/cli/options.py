"""Options that several commands share."""

from pathlib import Path

import click

study_folder = click.option(
    "--study",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Folder with the study's params.yaml.",
)

parallel = click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes; scores do not depend on it."
)
