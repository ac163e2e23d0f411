"""The `pvdbench` command: its groups, and errors turned into one line and exit code 2."""

import errno
import io
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
from pvdbench.cli.verify import verify
from pvdbench.cli.weights import weights
from pvdbench.core.errors import PvdbenchError, one_line, shorten
from pvdbench.core.notice import close_progress_bars
from pvdbench.methods.guarded_command import run_guarded


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """The PVDNet study as a benchmark.

    validate, datasets, code, train, infer, score, tables, figures and report are the stages of dvc.yaml, run in the
    study's folder: `dvc repro` runs them all in order, and a person can run any by hand. weights, deblur, flow and
    `score folder` work on any files; methods lists, begins, checks and tries methods; verify derives every
    number of a study again; bench measures this machine.
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
    verify,
):
    cli.add_command(command)


_MENDABLE = {errno.EACCES, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EROFS}


def main() -> None:
    """Run the command below a guard, so that nothing that it started outlives it."""
    run_guarded(_run)


def _run() -> None:
    """Run the command; an error that a user can mend becomes one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a locale's encoding lacks is shown by its number
    try:
        cli(standalone_mode=True)
    except PvdbenchError as error:
        close_progress_bars(error)
        _end(str(error))
    except UnicodeError as error:  # a name that is no UTF-8, or beyond the locale's letters
        _end(f"this text cannot be used here: {shorten(error, 120)}; set LC_ALL=C.UTF-8, or rename what is no UTF-8")
    except OSError as error:  # wherever a path is first looked at
        if error.errno not in _MENDABLE:
            raise
        _end(f"cannot use {error.filename}: {error.strerror}; name another path or mend its permissions")


def _end(message: str) -> NoReturn:
    click.echo(one_line(f"pvdbench: {message}"), err=True)
    sys.exit(2)
