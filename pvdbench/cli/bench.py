"""pvdbench bench: how fast this machine is, as tables for docs/log.md."""

import click


@click.group()
def bench() -> None:
    """Measure speed here; tables in Markdown."""


@bench.command()
@click.option("--width", default=1.0, show_default=True, help="Of both networks; 1 is the paper's.")
@click.option("--batch", default=8, show_default=True)
@click.option("--crop", default=256, show_default=True, help="Side of the square crop.")
@click.option("--updates", default=50, show_default=True, help="To time, for each line.")
@click.option("--threads", default=1, show_default=True, help="On the CPU.")
def training(width: float, batch: int, crop: int, updates: int, threads: int) -> None:
    """Updates a second of BIMNet and PVDNet by the paper's recipes, plain and with each option for speed."""
    from pvdbench.core.cost import hardware
    from pvdbench.core.device import compute_device
    from pvdbench.training.bench import training_rates
    from pvdbench.training.params import MotionRecipe, SequenceRecipe

    device = compute_device(threads)
    name = torch_name(device) if device.type == "cuda" else f"{hardware()}, threads: {threads}"
    click.echo(f"On {name}; batch {batch}, crop {crop}x{crop}, width {width:g}; {updates} updates timed a line.\n")
    click.echo(
        "| network | options | updates/s | memory (GiB) | hours for the recipe |\n| --- | --- | ---: | ---: | ---: |"
    )
    sizes = {"preset": "paper", "batch": batch, "crop": [crop, crop]}
    for label, options in OPTIONS.items():
        motion = MotionRecipe.model_validate(sizes | {k: v for k, v in options.items() if k != "precision"})
        deblur = SequenceRecipe.model_validate(sizes | options)
        for rate in training_rates(motion, deblur, width=width, updates=updates, device=device):
            memory = f"{rate.memory_gib:.1f}" if device.type == "cuda" else "not measured"
            click.echo(f"| {rate.what} | {label} | {rate.updates_a_second:.2f} | {memory} | {rate.hours:.1f} |")


OPTIONS: dict[str, dict[str, object]] = {  # precision is PVDNet's alone
    "float32": {},
    "channels_last": {"channels_last": True},
    "bfloat16, channels_last": {"precision": "bfloat16", "channels_last": True},
    "bfloat16, channels_last, compile": {"precision": "bfloat16", "channels_last": True, "compile": True},
}


def torch_name(device: object) -> str:
    """The graphics card's name."""
    import torch

    return torch.cuda.get_device_name(device)  # type: ignore[arg-type]  # a device is one of what it takes
