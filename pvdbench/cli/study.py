"""pvdbench study, validate and code: a study as a whole."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder

_GIB = 2**30


@click.group()
def study() -> None:
    """Look at a study as a whole."""


@study.command()
@click.option("--tflops", type=click.FloatRange(min=0, min_open=True), default=20.0, show_default=True,
              help="What the machine that will run it sustains, in 10^12 operations a second: an assumption, where "
              "nothing was measured.")  # fmt: skip
@study_folder
def plan(folder: Path, tflops: float) -> None:
    """Print stages, hours, disk and memory of what is still to run, and what is missing here; nothing runs."""
    from pvdbench.study.plan import plan_study
    from pvdbench.study.stage_cost import COUNTED
    from pvdbench.study.study import load_study

    found = plan_study(load_study(folder), tflops * 1e12)
    click.echo(f"{'stage':40} {'state':6} {'hours':>9}  {'from':28} {'disk GiB':>9} {'memory GiB':>11}")
    for stage in found.stages:
        hours = "" if stage.hours is None else f"{stage.hours:9.2f}"
        state = "done" if stage.done else "to run"
        sizes = f"{stage.disk / _GIB:9.2f} {stage.memory / _GIB:11.1f}" if stage.basis else ""
        click.echo(f"{stage.name:40} {state:6} {hours:>9}  {stage.basis:28} {sizes}".rstrip())
    done = sum(stage.done for stage in found.stages)
    click.echo(f"{len(found.stages)} stages, {done} done; to run: {found.hours:.1f} hours where they are known, "
               f"{found.disk / _GIB:.1f} GiB of disk, and as much in DVC's cache unless cache.type links")  # fmt: skip
    if any(stage.basis == COUNTED and not stage.done for stage in found.stages):
        click.echo(f"counted: convolutions and matrix products at an assumed {tflops:g} TFLOP/s (--tflops)")
    for line in found.missing:
        click.echo(f"missing here: {line}")


@click.command()
@study_folder
def code(folder: Path) -> None:
    """Write fingerprints of the code of every stage and row, so that an edit re-runs what it changes."""
    from pvdbench.study.fingerprints import Start, record_rows, record_stages, record_starts
    from pvdbench.study.study import load_study

    study = load_study(folder)
    motion, deblur = study.params.motion.items(), study.params.deblur.items()
    rows = {f"motion/{name}": row for name, row in motion} | {f"deblur/{name}": row for name, row in deblur}
    places = {row.method: study.place_of(row.method) for row in rows.values()}
    record_rows({name: row.method for name, row in rows.items()}, places, study.data("methods"))
    starts = {f"motion/{name}": Start(study.given(row.weights), None) for name, row in motion}
    starts |= {f"deblur/{name}": Start(study.given(row.weights), study.network_of(name)) for name, row in deblur}
    record_starts(starts, study.data("starts"))
    record_stages(study.data("code"))


@click.command()
@study_folder
def validate(folder: Path) -> None:
    """Check params.yaml, its rows and its methods, before anything runs."""
    from pvdbench.study.study import load_study

    study = load_study(folder)
    rows = f"{len(study.params.motion)} motion rows, {len(study.params.deblur)} deblur rows"
    click.echo(f"{folder / 'params.yaml'}: {rows}: fine")
