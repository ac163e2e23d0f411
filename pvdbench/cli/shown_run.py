"""What is seen of a run of a study: its plan before, the stages at work meanwhile, a summary after."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pvdbench.core.errors import choices, shorten

if TYPE_CHECKING:
    from pvdbench.study.dispatch import Outcome
    from pvdbench.study.run import Foreseen
    from pvdbench.study.stage_work import StageWork

_TAIL = 400  # bytes of a log's end, which hold its progress bar
_WIDEST = 70


class RunningStages:
    """The run on stderr: one line per running stage in a terminal, one per event in a file."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._running: dict[str, tuple[StageWork, float]] = {}
        self._last = 0.0

    def __enter__(self) -> "RunningStages":
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


def print_summary(outcome: "Outcome") -> None:
    """Say what ran, how long it took and what failed."""
    busy = sum(ended.seconds for ended in outcome.ran.values())
    click.echo(f"ran {len(outcome.ran)} stages ({_clock(busy)} of computing) in {_clock(outcome.seconds)}; up to date "
               f"{len(outcome.current)}; from DVC's cache {len(outcome.restored)}")  # fmt: skip
    for name, reason in outcome.failed.items():
        click.echo(f"failed: {name}: {reason}")
    if outcome.left:
        click.echo(f"did not run: {choices(outcome.left, 400)}")


def print_plan(foreseen: "Foreseen") -> None:
    """Say which stages would run, and the longest chain among them."""
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


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
