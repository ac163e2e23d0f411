"""pvdbench study run: a study on all workers there are, and what is seen of it meanwhile."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pvdbench.cli.options import study_folder
from pvdbench.core.errors import StudyError, choices, shorten

if TYPE_CHECKING:
    from pvdbench.study.dispatch import Outcome
    from pvdbench.study.run import Foreseen
    from pvdbench.study.stage_work import StageWork

_STOPPED = 130  # what a shell has for Ctrl-C
_TAIL = 400  # bytes of a log's end, which hold its progress bar
_WIDEST = 70


@click.command()
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", show_default="one per graphics card, else per core",
              help="Workers on this machine.")  # fmt: skip
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="A Dask scheduler whose workers see the same files.")
@click.option("--slurm", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="CONFIG",
              help="Workers as jobs of a SLURM queue, as this YAML file says (docs/clusters.md).")  # fmt: skip
@click.option("--only", multiple=True, metavar="STAGES",
              help="A stage, a kind of stages (train-deblur) or a pattern, and what it needs; repeatable.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would run; nothing runs.")
@study_folder
def run(
    folder: Path, jobs: int | None, scheduler: str | None, slurm: Path | None, only: Sequence[str], dry_run: bool
) -> None:  # fmt: skip
    """Run every stage that is not up to date, side by side, and record it with DVC: the bytes of `dvc repro`.

    A stage begins as soon as its inputs are there; one that fails stops only what needs it. Ctrl-C ends after the
    batch or clip that is being computed, a second one at once; the same command goes on.
    """
    from pvdbench.study.run import foresee_run, run_study
    from pvdbench.study.study import load_study
    from pvdbench.study.workers import Place

    if (jobs is not None) + (scheduler is not None) + (slurm is not None) > 1:
        raise click.UsageError("--jobs, --scheduler and --slurm exclude each other.")
    study = load_study(folder)
    if dry_run:
        _print_plan(foresee_run(study, only))
        return
    with _Shown() as shown:
        outcome = run_study(study, Place(jobs, scheduler, slurm), only, shown)
    _print_summary(outcome)
    if outcome.stopped:
        click.echo("pvdbench: stopped; the same command goes on", err=True)
        raise SystemExit(_STOPPED)
    if outcome.failed:
        raise StudyError(f"{len(outcome.failed)} stages failed: {choices(outcome.failed, 120)}; what they printed is "
                         f"in {folder / 'data/logs/stages'}; mend that and run again")  # fmt: skip


class _Shown:
    """The run on stderr: one line per running stage in a terminal, one per event in a file."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._running: dict[str, tuple[StageWork, float]] = {}
        self._last = 0.0

    def __enter__(self) -> "_Shown":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def began(self, work: "StageWork") -> None:
        """Show a stage that was handed to the workers."""
        self._running[work.name] = work, time.monotonic()
        if not self._console.is_terminal:
            self._console.print(Text(f"{work.name}: begins"))

    def ended(self, name: str, how: str) -> None:
        """Say how a stage ended."""
        self._running.pop(name, None)
        if how:
            self._console.print(Text(f"{name}: {how}"))

    def look(self, done: int, total: int, seconds_left: float) -> None:
        """Draw what is running."""
        if not self._console.is_terminal or time.monotonic() - self._last < 0.5:
            return
        self._last = time.monotonic()
        table = Table.grid(padding=(0, 2))
        for name, (work, began) in self._running.items():
            table.add_row(Text(name), _clock(time.monotonic() - began), Text(_progress(work.log)))
        table.add_row(Text(f"{done} of {total} stages", style="bold"), f"about {_clock(seconds_left)} left", "")
        self._live.update(table, refresh=True)


def _progress(log: Path) -> str:
    """The progress bar that a stage drew last."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            said = file.read().decode(errors="replace")
    except OSError:
        return ""
    return shorten(next((part for part in reversed(said.replace("\r", "\n").split("\n")) if part.strip()), ""), _WIDEST)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _print_summary(outcome: "Outcome") -> None:
    busy = sum(ended.seconds for ended in outcome.ran.values())
    click.echo(f"ran {len(outcome.ran)} stages ({_clock(busy)} of computing) in {_clock(outcome.seconds)}; up to date "
               f"{len(outcome.current)}; from DVC's cache {len(outcome.restored)}")  # fmt: skip
    for name, reason in outcome.failed.items():
        click.echo(f"failed: {name}: {reason}")
    if outcome.left:
        click.echo(f"did not run: {choices(outcome.left, 400)}")


def _print_plan(foreseen: "Foreseen") -> None:
    states = dict.fromkeys(foreseen.changed, "runs") | dict.fromkeys(foreseen.perhaps, "may run")
    for name in foreseen.stages:
        if name in states:
            seconds = _clock(foreseen.seconds[name]) if name in foreseen.known else "unknown"
            click.echo(f"{states[name]:8} {seconds:>9}  {name}")
    current = len(foreseen.stages) - len(states)
    click.echo(f"{len(foreseen.changed)} stages run, {len(foreseen.perhaps)} may run after them, {current} are up to "
               "date")  # fmt: skip
    if foreseen.chain:
        known = sum(foreseen.seconds[name] for name in foreseen.chain if name in foreseen.known)
        click.echo(f"the longest chain, {_clock(known)} as far as is known: {' > '.join(foreseen.chain)}")
