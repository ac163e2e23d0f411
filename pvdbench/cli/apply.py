"""pvdbench deblur, flow: a method on anybody's own frames."""

from pathlib import Path

import click

methods_folder = click.option(
    "--methods",
    type=click.Path(path_type=Path, file_okay=False),
    default="methods",
    show_default=True,
    help="Folder of methods.",
)
weights_file = click.option(
    "--weights", type=click.Path(path_type=Path), help="Its weights file, for a method that was trained."
)
method_name = click.option(
    "--method", "name", required=True, help="Name of a method in --methods or of an installed package."
)
threads_used = click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads on the CPU."
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for PNG frames, or a .mp4 or .mkv.")
@method_name
@weights_file
@methods_folder
@threads_used
def deblur(source: Path, out: Path, name: str, weights: Path | None, methods: Path, threads: int) -> None:
    """Deblur SOURCE, a folder of frames or a video file."""
    from pvdbench.core.device import compute_device
    from pvdbench.core.errors import MethodError
    from pvdbench.inference.apply import deblur_source
    from pvdbench.methods.card import read_card
    from pvdbench.methods.folders import find_method, installed_folders
    from pvdbench.methods.loading import get_ready, is_upper_bound, load_deblurrer

    there = find_method((methods, *installed_folders()), name)
    method = load_deblurrer(there, name)
    get_ready(method, there, name, compute_device(threads), given=weights)
    if is_upper_bound(read_card(there, name), name, method):
        raise MethodError(f"{name}: this method is an upper bound, which needs the sharp frames; take another method "
                          "or other weights")  # fmt: skip
    click.echo(f"{out}: {deblur_source(method, source, out)} frames by {name}")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help=".flo; a .png beside it.")
@method_name
@weights_file
@methods_folder
@threads_used
def flow(target: Path, source: Path, out: Path, name: str, weights: Path | None, methods: Path, threads: int) -> None:
    """Estimate the flow from frame TARGET to frame SOURCE and draw it in colours."""
    import numpy as np

    from pvdbench.core.device import compute_device
    from pvdbench.figures.flow import flow_colours
    from pvdbench.inference.apply import write_flow_between
    from pvdbench.io.atomic import replaced_file
    from pvdbench.io.images import write_frame
    from pvdbench.methods.folders import find_method, installed_folders
    from pvdbench.methods.loading import get_ready, load_motion_estimator

    there = find_method((methods, *installed_folders()), name)
    method = load_motion_estimator(there, name)
    get_ready(method, there, name, compute_device(threads), given=weights)
    estimate = write_flow_between(method, target, source, out)
    longest = float(np.hypot(estimate[..., 0], estimate[..., 1]).max())
    with replaced_file(out.with_suffix(".png")) as partial:
        write_frame(partial, flow_colours(estimate, longest))
    click.echo(f"{out}: flow of up to {longest:.2f} px by {name}")
