"""Options that several commands share."""

from pathlib import Path
from typing import Any

import click


class _Study(click.Path):
    """A study's folder, or the name of one in studies/."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        folder = Path(str(super().convert(value, param, ctx)))
        named = Path("studies") / folder
        return named if not folder.is_dir() and named.is_dir() else folder


study_folder = click.option(
    "--study",
    "folder",
    type=_Study(file_okay=False),
    default=".",
    show_default=True,
    help="Folder with the study's params.yaml, or its name in studies/.",
)


Jobs = int | str


class _Jobs(click.ParamType[Jobs]):
    """A number of processes, or a Dask scheduler."""

    name = "N|tcp://HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Jobs:
        if isinstance(value, str) and "://" in value:
            return value
        return click.IntRange(min=1).convert(value, param, ctx)


parallel = click.option(
    "--jobs",
    type=_Jobs(),
    default=1,
    show_default=True,
    envvar="PVDBENCH_JOBS",
    show_envvar=True,
    help="Processes, or the Dask cluster to run on; scores do not depend on it.",
)
