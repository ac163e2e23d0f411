"""pvdbench study run: a study on all workers there are, and what is seen of it meanwhile."""

from collections.abc import Sequence
from pathlib import Path

import click

from pvdbench.cli.options import study_folder
from pvdbench.core.errors import StudyError, choices

_STOPPED = 130  # what a shell has for Ctrl-C


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
    from pvdbench.cli.shown_run import RunningStages, print_plan, print_summary  # here, as rich starts slowly
    from pvdbench.study.run import foresee_run, run_study
    from pvdbench.study.study import load_study
    from pvdbench.study.workers import Place

    if (jobs is not None) + (scheduler is not None) + (slurm is not None) > 1:
        raise click.UsageError("--jobs, --scheduler and --slurm exclude each other.")
    study = load_study(folder)
    if dry_run:
        print_plan(foresee_run(study, only))
        return
    with RunningStages() as shown:
        outcome = run_study(study, Place(jobs, scheduler, slurm), only, shown)
    print_summary(outcome)
    if outcome.stopped:
        click.echo("pvdbench: stopped; the same command goes on", err=True)
        raise SystemExit(_STOPPED)
    if outcome.failed:
        raise StudyError(f"{len(outcome.failed)} stages failed: {choices(outcome.failed, 120)}; what they printed is "
                         f"in {folder / 'data/logs/stages'}; mend that and run again")  # fmt: skip
