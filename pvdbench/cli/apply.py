"""pvdbench deblur, flow: a method on anybody's own frames."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import methods_folder

if TYPE_CHECKING:
    from pvdbench.inference.precision import Precision
    from pvdbench.methods.interface import Deblurrer

weights_file = click.option(
    "--weights", type=click.Path(path_type=Path), help="Its weights file, for a method that was trained."
)
method_name = click.option(
    "--method", "name", required=True, help="Name of a method in --methods or of an installed package."
)
replacing = click.option(
    "--overwrite",
    is_flag=True,
    help="Replace what is at --out whoever wrote it; without it only what pvdbench wrote and nobody changed.",
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
@replacing
@click.option("--allow-damaged", is_flag=True, help="Of a damaged or cut video, take the frames that can be read.")
@click.option("--precision", type=click.Choice(("float32", "bfloat16")), default="float32", show_default=True,
              help="Of convolutions and matrix products; what bfloat16 costs in PSNR is printed.")  # fmt: skip
def deblur(  # the command's options, one each
    source: Path,
    out: Path,
    name: str,
    weights: Path | None,
    methods: Path,
    threads: int,
    overwrite: bool,
    allow_damaged: bool,
    precision: "Precision",
) -> None:
    """Deblur SOURCE, a folder of frames, one frame (PNG or JPEG, 8-bit RGB) or a video file.

    A video to a video: every frame keeps its time, also where the rate varies; sound, subtitles, chapters and titles
    are copied, and a line says what the new file cannot hold. Of several videos in a file (covers, previews) the film
    is taken. Frames come out upright, without a rotation flag; pixels that are not square stay so in .mp4.

    .mp4 is H.264 with even sides: an odd last row or column is repeated, and a line says so. .mkv is lossless. Colours
    are read by the file's tags, untagged ones as BT.709 in HD and BT.601 below, and results are tagged. Frames are read
    at 8 bits; a line says where bits, HDR or interlaced rows are lost. A folder becomes 30 frames per second.

    What is at --out is replaced whole at the end, only if this command wrote it and nobody changed it since, as the
    hidden file .pvdbench in a folder says.
    """
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
    read = [there / name, *filter(None, [weights])]
    if precision != "float32":
        _say_what_it_costs(method, source, precision, allow_damaged=allow_damaged)
    count = deblur_source(
        method, source, out, also_read=read, overwrite=overwrite, allow_damaged=allow_damaged, precision=precision
    )
    click.echo(f"{out}: {count} frames by {name}")


_COMPARED = 3  # frames, computed in float32, too


def _say_what_it_costs(method: "Deblurrer", source: Path, precision: "Precision", *, allow_damaged: bool) -> None:
    import numpy as np

    from pvdbench.core.notice import notice
    from pvdbench.inference.precision import first_frames, is_fast
    from pvdbench.scoring.metrics.psnr import psnr

    if not is_fast(precision):
        notice(f"{precision}: this processor does not compute in it by itself, and is slower than in float32")
    wanted, exact = (
        np.array(first_frames(method, source, kind, count=_COMPARED, allow_damaged=allow_damaged), np.float64)
        for kind in (precision, "float32")
    )
    worst = min(map(psnr, wanted, exact))
    notice(f"{precision}: at least {worst:.1f} dB from float32's result over the first {len(exact)} frames")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help=".flo; a .png beside it.")
@method_name
@weights_file
@methods_folder
@threads_used
@replacing
def flow(
    target: Path, source: Path, out: Path, name: str, weights: Path | None, methods: Path, threads: int, overwrite: bool
) -> None:
    """Estimate the flow from frame TARGET to frame SOURCE and draw it in colours.

    A .flo and the picture beside it are replaced only if this command wrote them.
    """
    import numpy as np

    from pvdbench.core.device import compute_device
    from pvdbench.figures.flow import flow_colours
    from pvdbench.inference.apply import write_flow_between
    from pvdbench.io.atomic import replaced_file
    from pvdbench.io.flow_picture import write_flow_picture
    from pvdbench.methods.folders import find_method, installed_folders
    from pvdbench.methods.loading import get_ready, load_motion_estimator

    there = find_method((methods, *installed_folders()), name)
    method = load_motion_estimator(there, name)
    get_ready(method, there, name, compute_device(threads), given=weights)
    estimate = write_flow_between(method, target, source, out, overwrite=overwrite)
    longest = float(np.hypot(estimate[..., 0], estimate[..., 1]).max())
    with replaced_file(out.with_suffix(".png")) as partial:
        write_flow_picture(partial, flow_colours(estimate, longest), out)
    click.echo(f"{out}: flow of up to {longest:.2f} px by {name}")
