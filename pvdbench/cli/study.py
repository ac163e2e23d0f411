"""pvdbench study, validate and code: a study as a whole."""

import inspect
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder
from pvdbench.cli.study_run import run
from pvdbench.core.errors import StudyError

if TYPE_CHECKING:
    from pvdbench.study.fingerprints import CommandFunction
    from pvdbench.study.machine_rates import MachineRates
    from pvdbench.study.study import Study

_GIB = 2**30
_CARD = 20.0  # TFLOP/s that a graphics card is assumed to sustain


@click.group()
def study() -> None:
    """Look at a study as a whole, or run it."""


study.add_command(run)


@study.command()
@click.option("--tflops", type=click.FloatRange(min=0, min_open=True),
              help="What another machine that will run it sustains, in 10^12 operations per second. Without it this "
              "machine is measured, once, in two seconds; one with a graphics card is taken for "
              f"{_CARD:g}.")  # fmt: skip
@study_folder
def plan(folder: Path, tflops: float | None) -> None:
    """Print stages, hours, disk and memory of what is still to run, and what is missing here; no stage runs.

    Operations are counted once for each version and network, in about half a second each.
    """
    from pvdbench.study.plan import plan_study
    from pvdbench.study.stage_cost import COUNTED
    from pvdbench.study.study import load_study

    found_study = load_study(folder)
    rates = _rates(found_study, tflops)
    found = plan_study(found_study, rates)
    click.echo(f"{'stage':40} {'state':6} {'time':>9}  {'from':28} {'disk GiB':>9} {'memory GiB':>11}")
    for stage in found.stages:
        time = "" if stage.hours is None else duration(stage.hours)
        state = "done" if stage.done else "to run"
        sizes = f"{stage.disk / _GIB:9.2f} {stage.memory / _GIB:11.1f}" if stage.basis else ""
        click.echo(f"{stage.name:40} {state:6} {time:>9}  {stage.basis:28} {sizes}".rstrip())
    done = sum(stage.done for stage in found.stages)
    click.echo(f"{len(found.stages)} stages, {done} done; to run: {duration(found.hours)} where the time is known, "
               f"{found.disk / _GIB:.1f} GiB of disk, and as much in DVC's cache unless cache.type links")  # fmt: skip
    if any(stage.basis == COUNTED and not stage.done for stage in found.stages):
        click.echo(f"counted: convolutions and matrix products at {_spoken(rates)}")
    for line in found.missing:
        click.echo(f"missing here: {line}")


def _rates(study: "Study", tflops: float | None) -> "MachineRates":
    """Take the rate that was given, or measure this machine where stages will run on its processor."""
    from pvdbench.study.kept_rates import machine_rates
    from pvdbench.study.machine_rates import assumed_rates

    if tflops is None:
        import torch

        if not torch.cuda.is_available():
            return machine_rates(study.data("logs", "stages"))
    return assumed_rates((tflops or _CARD) * 1e12)


def _spoken(rates: "MachineRates") -> str:
    speeds = [speed / 1e9 for _, speed in rates.operations]
    if not rates.hardware:
        return f"an assumed {speeds[0] / 1000:g} TFLOP/s (--tflops)"
    return (f"{min(speeds):.0f} to {max(speeds):.0f} GFLOP/s per thread, small networks to large ones, as measured on "
            f"this machine ({rates.hardware}); --tflops for another")  # fmt: skip


def duration(hours: float) -> str:
    """Hours with two digits that say something, minutes or seconds where they are few."""
    for unit, size in (("h", 1.0), ("min", 1 / 60)):
        if hours >= size:
            return f"{hours / size:.1f} {unit}"
    return f"{hours * 3600:.1f} s" if hours * 3600 >= 0.05 or not hours else "under 0.1 s"


@click.command()
@click.option("--command", "words", metavar="WORDS", help='Write the record of one command, such as "datasets render".')
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="JSON file for --command.")
@study_folder
def code(folder: Path, words: str | None, out: Path | None) -> None:
    """Write data/code: fingerprints of what every stage and row runs, so that an edit re-runs what it changes."""
    from pvdbench.io.atomic import replaced_file
    from pvdbench.study.code_records import record_code
    from pvdbench.study.fingerprints import command_fingerprint
    from pvdbench.study.study import load_study

    if (words is None) != (out is None):
        raise click.UsageError("--command and --out go together.")
    root = click.get_current_context().find_root().command
    if words is None or out is None:
        record_code(load_study(folder), partial(command_function, root))
        return
    record = command_fingerprint(command_function(root, words.split()))
    with replaced_file(out) as temporary:
        temporary.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def command_function(root: click.Command, words: list[str]) -> "CommandFunction":
    """Find the function behind a command line.

    Args:
        root: the command `pvdbench`, with all its groups.
        words: after `pvdbench`; those after the command's own name are its arguments.

    Raises:
        StudyError: if there is no such command.
    """
    from pvdbench.study.fingerprints import CommandFunction

    command: click.Command | None = root
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
    if command is None or command.callback is None or isinstance(command, click.Group):
        raise StudyError(f"'pvdbench {' '.join(words)}': no such command; see pvdbench --help, and correct dvc.yaml")
    function = inspect.unwrap(command.callback)
    return CommandFunction(function.__module__, function.__name__)


@click.command()
@study_folder
def validate(folder: Path) -> None:
    """Check params.yaml, its rows, methods, data sets, weights and dvc.lock, before anything runs.

    Whatever would stop a stage later stops this command: names that DVC and paths cannot have, keys that are there
    twice, weights that nobody put into data/given. What would stop nothing is said on standard error.
    """
    from pvdbench.core.notice import notice
    from pvdbench.study.foresight import check_ahead, notices
    from pvdbench.study.study import load_study

    study = load_study(folder)
    check_ahead(study)
    for text in notices(study):
        notice(text)
    rows = f"{len(study.params.motion)} motion rows, {len(study.params.deblur)} deblur rows"
    click.echo(f"{folder / 'params.yaml'}: {rows}: fine")
