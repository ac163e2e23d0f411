"""pvdbench datasets verify, add, synthesize: real data sets, published ones and anyone's own."""

from pathlib import Path

import click

_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    help="Folder of the data sets.",
)


@click.command()
@click.argument("name", type=click.Choice(["su", "nah", "nah-linear", "real"]))
@click.option("--folder", type=click.Path(path_type=Path), help="The unpacked archive; DATA/su or DATA/nah by default.")
@click.option("--splits", type=click.Path(path_type=Path), help="Videos and frames; DATA/splits.csv by default.")
@_data
def verify(name: str, folder: Path | None, splits: Path | None, data: Path) -> None:
    """Check every frame of a published data set against its published list, and write DATA/NAME/manifest.csv.

    Each frame is decoded once. A video that is missing, cut short, damaged, of mixed sizes, shifted, or with blurry and
    sharp swapped is named, and no manifest is written.
    """
    from pvdbench.datasets.check_table import check_lines
    from pvdbench.datasets.layouts import PUBLISHED
    from pvdbench.datasets.verify import verify_dataset, write_manifest

    archive = folder or data / PUBLISHED[name].archive
    checks = verify_dataset(name, archive, splits or data / "splits.csv")
    click.echo("\n".join(check_lines(checks)))
    write_manifest(checks, data / name)


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@_data
def add(name: str, folder: Path, data: Path) -> None:
    """Copy anyone's own frames to DATA/NAME, after checking every one of them.

    FOLDER holds VIDEO/blur and VIDEO/sharp, or VIDEO/input and VIDEO/GT, or VIDEO/blur_gamma and VIDEO/sharp, at its
    top or in train/ and test/; without those, all videos are test videos. Videos without sharp frames can be deblurred,
    not scored.
    """
    from pvdbench.datasets.add import add_dataset
    from pvdbench.datasets.check_table import check_lines

    click.echo("\n".join(check_lines(add_dataset(name, folder, data / name))))


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Write OUT/VIDEO/{blur,sharp}.")
@click.option("--window", type=int, default=7, show_default=True, help="Frames that are averaged, an odd number.")
@click.option("--stride", type=int, default=7, show_default=True, help="Frames from one window to the next.")
@click.option("--interpolate", type=int, default=0, show_default=True, metavar="N",
              help="Make N frames between each two: both warped there by TV-L1 optical flow, and blended.")  # fmt: skip
@click.option("--gamma", type=click.FloatRange(min=0, min_open=True), default=2.2, show_default=True,
              help="Linear light is (byte / 255) to this power.")  # fmt: skip
@click.option("--crf", type=click.Path(path_type=Path), help="Camera response instead of --gamma: a CSV of byte,light.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Shrink the frames first, by area.")
def synthesize(
    video: Path, out: Path, window: int, stride: int, interpolate: int, gamma: float, crf: Path | None, scale: float
) -> None:
    """Make blurry and sharp pairs from a high-frame-rate VIDEO, as Su et al. and Nah et al. did.

    Each window is averaged in linear light; its middle frame is the truth. OUT/VIDEO/blur.csv has the PSNR of every
    blurry frame. `pvdbench datasets add NAME OUT` makes a data set of it.
    """
    from pvdbench.datasets.response import power_response, read_response
    from pvdbench.datasets.synthesize import Exposure, summary
    from pvdbench.datasets.synthesize import synthesize as make

    response = read_response(crf) if crf else power_response(gamma)
    report = make(video, out / video.stem, Exposure(window, stride, interpolate, scale), response)
    click.echo(f"{out / video.stem}: {summary(report)}")
