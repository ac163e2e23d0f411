"""The `pvdbench` command: its groups, and errors turned into one line and exit code 2."""

import errno
import sys
from typing import NoReturn

import click

from pvdbench import __version__
from pvdbench.cli.apply import deblur, flow
from pvdbench.cli.bench import bench
from pvdbench.cli.datasets import datasets
from pvdbench.cli.infer import infer
from pvdbench.cli.methods import methods
from pvdbench.cli.report import figures, report, tables
from pvdbench.cli.score import score
from pvdbench.cli.study import code, study, validate
from pvdbench.cli.train import train
from pvdbench.cli.weights import weights
from pvdbench.core.errors import PvdbenchError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """The PVDNet study as a benchmark.

    validate, datasets, code, train, infer, score, tables, figures and report are the stages of dvc.yaml, run in the
    study's folder: `dvc repro` runs them all in order, and a person can run any by hand. weights, deblur, flow and
    `score folder` work on any files; methods lists, begins, checks and tries methods; bench measures this machine.
    """


for command in (
    validate,
    datasets,
    code,
    train,
    infer,
    methods,
    score,
    tables,
    figures,
    report,
    weights,
    deblur,
    flow,
    bench,
    study,
):
    cli.add_command(command)


LONGEST = 300
"""Characters of an error's line."""
_END = 80  # of them for the end, which says what to do
_MENDABLE = {errno.EACCES, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EROFS}


def main() -> None:
    """Run the command; an error that a user can mend becomes one line."""
    try:
        cli(standalone_mode=True)
    except PvdbenchError as error:
        _end(str(error))
    except OSError as error:  # wherever a path is first looked at
        if error.errno not in _MENDABLE:
            raise
        _end(f"cannot use {error.filename}: {error.strerror}; name another path or mend its permissions")


def _end(message: str) -> NoReturn:
    click.echo(one_line(f"pvdbench: {message}"), err=True)
    sys.exit(2)


def one_line(message: str) -> str:
    """Put a message on one line of at most LONGEST characters, whatever values it repeats; the middle is cut."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - _END - 3]}...{line[-_END:]}"
