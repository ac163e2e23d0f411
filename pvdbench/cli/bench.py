"""pvdbench bench: measure how fast this machine is and how often intervals hold the truth, as tables."""

from collections.abc import Sequence
from pathlib import Path

import click

from pvdbench.cli.options import methods_folder, parse_options

_COUNT = click.IntRange(min=1)


@click.group()
def bench() -> None:
    """Measure speed here, and how often intervals hold the truth; tables in Markdown."""


@bench.command("all")
@click.option("--baseline", metavar="REV", help="Compare with this revision of pvdbench, not with the definitions.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the table as JSON, too.")  # fmt: skip
@click.option("--only", multiple=True, metavar="NAME", help="A part to measure; repeatable. All without it.")
@click.option("--threads", type=_COUNT, default=1, show_default=True, help="Threads of the networks on the CPU.")
@click.option("--size", nargs=2, type=click.IntRange(min=64), default=(1280, 720), show_default=True,
              help="Width and height of the frames.")  # fmt: skip
def every_part(
    baseline: str | None, file: Path | None, only: Sequence[str], threads: int, size: tuple[int, int]
) -> None:  # fmt: skip
    """Time every hot part beside its straightforward version; where it runs, the study of this folder, too."""
    import json

    from pvdbench.bench.run import measure_parts
    from pvdbench.io.atomic import replaced_file

    report = measure_parts(
        only, size=size, threads=threads, baseline=baseline, study=Path(),
        began=lambda name: click.echo(f"measuring {name}", err=True),
    )  # fmt: skip
    for line in report.lines:
        click.echo(line)
    if file is not None:
        with replaced_file(file) as partial:
            partial.write_text(json.dumps(report.rows, indent=1) + "\n", encoding="utf-8")


@bench.command()
@click.option("--width", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True,
              help="Width of both networks; 1 is the paper's.")  # fmt: skip
@click.option("--batch", type=_COUNT, default=8, show_default=True, help="Sequences per batch.")
@click.option("--crop", type=_COUNT, default=256, show_default=True, help="Side of the square crop.")
@click.option("--updates", type=_COUNT, default=50, show_default=True, help="Updates to time, per line.")
@click.option("--threads", type=_COUNT, default=1, show_default=True, help="Threads on the CPU.")
def training(width: float, batch: int, crop: int, updates: int, threads: int) -> None:
    """Time updates of BIMNet and PVDNet by the paper's recipes, plain and with each option for speed."""
    from pvdbench.bench.training_rates import training_rates
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import hardware
    from pvdbench.training.params import MotionRecipe, SequenceRecipe

    device = compute_device(threads)
    name = torch_name(device) if device.type == "cuda" else f"{hardware()}, threads: {threads}"
    click.echo(f"On {name}; batch {batch}, crop {crop}x{crop}, width {width:g}; {updates} updates timed per line.\n")
    click.echo(
        "| network | options | updates/s | memory (GiB) | hours for the recipe |\n| --- | --- | ---: | ---: | ---: |"
    )
    sizes = {"preset": "paper", "batch": batch, "crop": [crop, crop]}
    for label, options in OPTIONS.items():
        motion = MotionRecipe.model_validate(sizes | {k: v for k, v in options.items() if k != "precision"})
        deblur = SequenceRecipe.model_validate(sizes | options)
        for rate in training_rates(motion, deblur, width=width, updates=updates, device=device):
            memory = f"{rate.memory_gib:.1f}" if device.type == "cuda" else "not measured"
            click.echo(f"| {rate.network} | {label} | {rate.updates_per_second:.2f} | {memory} | {rate.hours:.1f} |")


@bench.command()
@click.option("--batch", type=_COUNT, default=8, show_default=True, help="Sequences per batch.")
@click.option("--crop", type=_COUNT, default=256, show_default=True, help="Side of the square crop.")
@click.option("--sequence", type=_COUNT, default=13, show_default=True, help="Frames per sequence.")
@click.option("--workers", type=click.IntRange(min=0), default=2, show_default=True, help="Processes that read.")
@click.option(
    "--size", nargs=2, type=_COUNT, default=(1280, 720), show_default=True, help="Width and height of the frames."
)
@click.option("--batches", type=_COUNT, default=8, show_default=True, help="Batches to time, per line.")
def loader(batch: int, crop: int, sequence: int, workers: int, size: tuple[int, int], batches: int) -> None:
    """Time the sequences that training reads, from PNG frames and packed."""
    from pvdbench.bench.loader_rates import loader_rates
    from pvdbench.io.cost import hardware
    from pvdbench.training.params import SequenceRecipe

    sizes = {"preset": "paper", "batch": batch, "crop": [crop, crop], "sequence": sequence, "workers": workers}
    click.echo(f"On {hardware()}; frames of {size[0]}x{size[1]}, {batch} sequences of {sequence} frames a batch, crop "
               f"{crop}x{crop}, {workers} workers; {batches} batches timed per line.\n")  # fmt: skip
    click.echo("| frames | sequences/s | ms per update that it keeps up with |\n| --- | ---: | ---: |")
    for rate in loader_rates(SequenceRecipe.model_validate(sizes), size=size, batches_timed=batches):
        click.echo(f"| {rate.source} | {rate.sequences_per_second:.1f} | {rate.ms_per_update:.1f} |")


@bench.command()
@click.argument("name")
@click.option("--option", "options", multiple=True, help="KEY=VALUE of the method's network, such as channels=40.")
@click.option(
    "--size",
    nargs=2,
    type=click.IntRange(min=16),
    default=(192, 128),
    show_default=True,
    help="Width and height of the frames.",
)
@click.option(
    "--frames", type=click.IntRange(min=2), default=8, show_default=True, help="Frames to run; the first is not timed."
)
@click.option("--threads", type=_COUNT, default=1, show_default=True, help="Threads on the CPU.")
@methods_folder
def method(
    name: str, options: tuple[str, ...], size: tuple[int, int], frames: int, threads: int, methods: Path
) -> None:
    """Time the method NAME per frame, with an untrained network; one line of a table."""
    from pvdbench.core.device import compute_device
    from pvdbench.inference.cost import frame_speed
    from pvdbench.io.cost import hardware

    device = compute_device(threads)
    speed = frame_speed(methods, name, parse_options(options), size=size, frames=frames, device=device)
    place = torch_name(device) if device.type == "cuda" else f"{hardware()}, threads: {threads}"
    label = " ".join((name, *options))
    click.echo(
        f"| {label} | {speed.parameters['deblur']:,} | {speed.milliseconds:.1f} | {size[0]}x{size[1]} | {place} |"
    )


@bench.command()
@click.option("--trials", type=_COUNT, default=2000, show_default=True, help="Simulated studies per number.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the simulation.")
def intervals(trials: int, seed: int) -> None:
    """Count how often the printed 95 % intervals hold the true value, in simulated studies of few and many clips."""
    from pvdbench.analysis.coverage import CLIPS, simulate

    click.echo(f"Percent of {trials} simulated studies whose 95 % interval holds the true value; seed {seed}.\n")
    click.echo(f"| statistic | clip effects | {' | '.join(f'{clips} clips' for clips in CLIPS)} |")
    click.echo(f"| --- | --- |{' ---: |' * len(CLIPS)}")
    for line in simulate(trials, seed):
        click.echo(f"| {line.statistic} | {line.effects} | {' | '.join(f'{share:.1f}' for share in line.percent)} |")


OPTIONS: dict[str, dict[str, object]] = {  # precision is PVDNet's alone
    "float32, contiguous": {"channels_last": False},
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16, compile": {"precision": "bfloat16", "compile": True},
}


def torch_name(device: object) -> str:
    """Name the graphics card."""
    import torch

    return torch.cuda.get_device_name(device)  # type: ignore[arg-type]  # a device is one of what it takes
