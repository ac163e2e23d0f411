"""Options that several commands share, and tables in the terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from pvdbench.core.errors import ParamsError
from pvdbench.core.yaml_file import load_yaml


class StudyFolder(click.Path):
    """A study's folder, or the name of one in studies/."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        folder = Path(str(super().convert(value, param, ctx)))
        named = Path("studies") / folder
        return named if not folder.is_dir() and named.is_dir() else folder


class _TreeFolder(click.Path):
    """A folder; its default, where it is not here, is that of the tree that pvdbench is installed from."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        folder = Path(str(super().convert(value, param, ctx)))
        of_tree = _TREE / folder
        by_default = param is not None and str(folder) == param.default
        return of_tree if by_default and not folder.is_dir() and of_tree.is_dir() else folder


_TREE = Path(__file__).parents[2]

methods_folder = click.option(
    "--methods",
    type=_TreeFolder(file_okay=False),
    default="methods",
    show_default=True,
    help="Folder of methods; where there is no ./methods, that of the clone that pvdbench is installed from.",
)

study_folder = click.option(
    "--study",
    "folder",
    type=StudyFolder(file_okay=False),
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
    metavar=_Jobs.name,
    default=1,
    show_default=True,
    envvar="PVDBENCH_JOBS",
    show_envvar=True,
    help="Processes, or the Dask cluster to run on; results do not depend on it.",
)


def parse_options(texts: Iterable[str]) -> dict[str, Any]:
    """Read KEY=VALUE texts as options, values as YAML.

    Raises:
        ParamsError: if one has no KEY or no VALUE, or its VALUE is no YAML.
    """
    options = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not key or not value:
            raise ParamsError(f"--option: '{text[:80]}' is not of the form KEY=VALUE; correct it")
        try:
            options[key] = load_yaml(value)
        except ValueError as error:
            raise ParamsError(f"--option: the value of '{text[:80]}' is no YAML; correct it") from error
    return options


_WIDE = 1000  # columns where nobody looks: a pipe or a file gets each row in one line, uncut


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows below the names of their columns; a terminal wraps long cells, a pipe gets one line per row.

    Args:
        right: the columns of numbers, which are aligned to the right.
    """
    from rich import box  # here, as these take a third of the time in which the command starts
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))
