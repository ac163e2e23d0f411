"""pvdbench datasets: list, fetch, render, verify, add, synthesize, cut and pack data sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pvdbench.cli.options import print_table, study_folder

if TYPE_CHECKING:
    from pvdbench.datasets.video_check import VideoCheck

data_folder = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    help="Folder with sources.yaml; data sets and archives lie in it.",
)


@click.command("list")
@data_folder
def list_datasets(data: Path) -> None:
    """List the published data sets with size, licence, address and what is here, then all others that are here."""
    from pvdbench.datasets.catalogue import read_catalogue, state
    from pvdbench.datasets.present import present

    own = dict(present(data))
    if own and not (data / "sources.yaml").exists():  # a folder of one's own data sets alone
        click.echo("\n".join(f"{name}: {what}" for name, what in own.items()))
        return
    catalogue = read_catalogue(data)
    for name, source in catalogue.sources.datasets.items():
        archive = catalogue.archive(name)
        click.echo(f"{name}: {state(catalogue, name)}\n  {source.what}\n"
                   f"  archive {archive.file}, size: {archive.size}, licence: {archive.licence}")  # fmt: skip
        for url in archive.urls:
            click.echo(f"  {url}")
        if name in own:
            click.echo(f"  {own.pop(name)}")
    for name, what in own.items():
        click.echo(f"{name}: {what}")


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "given",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The archive, if you have it; it is read where it lies and kept.",
)
@click.option(
    "--delete-archive/--keep-archive",
    default=False,
    help="Remove the downloaded archive once its frames are out; another data set may be part of it.",
)
@data_folder
def fetch(name: str, given: Path | None, delete_archive: bool, data: Path) -> None:
    """Download and extract the published data set NAME.

    A download or an extraction that was stopped goes on where it was. Mirrors are tried in the order of sources.yaml.
    """
    from pvdbench.datasets.catalogue import read_catalogue
    from pvdbench.datasets.download.archive import fetch as fetch_dataset

    extracted = fetch_dataset(read_catalogue(data), name, given, delete_archive=delete_archive)
    click.echo(f"{name}: {extracted.frames} frames, {extracted.bytes / 1e9:.3f} GB in {data / name}, "
               f"{extracted.written} of them written now")  # fmt: skip


_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    help="Folder of the data sets.",
)
_params = click.option(
    "--params",
    type=click.Path(path_type=Path),
    default="params.yaml",
    show_default=True,
    help="The data sets that are rendered or cut: data/params.yaml.",
)


class _LayoutName(click.ParamType[str]):
    """The name of a layout that is registered here or by an installed package; read when it is asked for."""

    name = "layout"

    def __init__(self, *, published: bool) -> None:
        self._published = published  # only those with a published list of videos

    def _choice(self) -> click.Choice[str]:
        from pvdbench.datasets.layouts.registry import layouts, published_layouts

        return click.Choice(published_layouts() if self._published else list(layouts()))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self._choice().get_metavar(param, ctx)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return self._choice().convert(value, param, ctx)


class _LayoutCommand(click.Command):
    """A command whose help lists the layouts that it takes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        from pvdbench.datasets.layouts.registry import layouts

        takes = [param.type for param in self.params if isinstance(param.type, _LayoutName)]
        names = {name for kind in takes for name in kind._choice().choices}
        with formatter.section("Layouts"):
            known = layouts().values()
            formatter.write_dl([(each.name, f"{each.summary}: {each.form}") for each in known if each.name in names])


def _print_checks(checks: "list[VideoCheck]") -> None:
    from pvdbench.datasets.verify import COLUMNS, NUMBERS, check_rows, count_lines

    print_table(COLUMNS, check_rows(checks), right=NUMBERS)
    click.echo("\n".join(count_lines(checks)))


@click.command(cls=_LayoutCommand)
@click.argument("name", type=_LayoutName(published=True))
@click.option(
    "--folder", type=click.Path(path_type=Path), help="The unpacked archive; by default where `fetch` puts it."
)
@click.option("--splits", type=click.Path(path_type=Path), help="Videos and frames; DATA/splits.csv by default.")
@_data
def verify(name: str, folder: Path | None, splits: Path | None, data: Path) -> None:
    """Check every frame of a published data set against its published list, and write DATA/NAME/manifest.csv.

    Each frame is decoded once. A video that is missing, cut short, damaged, of mixed sizes, shifted, or with blurry and
    sharp swapped is named, and no manifest is written.
    """
    from pvdbench.datasets.layouts.registry import find_layout
    from pvdbench.datasets.verify import verify_dataset, write_manifest

    layout = find_layout(name)
    checks = verify_dataset(layout, folder or data / (layout.folder or name), splits or data / "splits.csv")
    _print_checks(checks)
    write_manifest(checks, data / name)


@click.command(cls=_LayoutCommand)
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--layout", type=_LayoutName(published=False), help="Layout of FOLDER; by default it is recognised.")
@click.option("--blurry", metavar="NAME",
              help="Where videos have several folders of blurry frames, the one to take: blur_gamma, say.")  # fmt: skip
@_data
def add(name: str, folder: Path, layout: str | None, blurry: str | None, data: Path) -> None:
    """Copy anybody's own frames to DATA/NAME, after checking every one of them.

    FOLDER is in one of the layouts below. Where it does not tell training from test videos, all are test videos; those
    of a folder val are test videos where there is no folder test, and left out where there is one. What else lies in
    FOLDER is named on stderr. Videos without sharp frames can be deblurred, not scored.
    """
    from pvdbench.datasets.add import add_dataset
    from pvdbench.datasets.layouts.pairs import PAIRS, pairs_of
    from pvdbench.datasets.layouts.registry import find_layout, recognise_layout

    if blurry and layout not in (None, PAIRS.name):
        raise click.UsageError(f"--blurry chooses among the folders of the layout '{PAIRS.name}'; drop --layout")
    chosen = pairs_of(blurry) if blurry else find_layout(layout) if layout else recognise_layout(folder)
    _print_checks(add_dataset(name, folder, data / name, chosen))


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
@click.option("--overwrite", is_flag=True,
              help="Replace OUT/VIDEO whoever wrote it, not only what pvdbench wrote and nobody changed.")  # fmt: skip
@click.option("--allow-damaged", is_flag=True, help="Of a damaged or cut video, take the frames that can be read.")
def synthesize(
    video: Path,
    out: Path,
    window: int,
    stride: int,
    interpolate: int,
    gamma: float,
    crf: Path | None,
    scale: float,
    overwrite: bool,
    allow_damaged: bool,
) -> None:
    """Make blurry and sharp pairs from a high-frame-rate VIDEO, as Su et al. and Nah et al. did.

    Each window is averaged in linear light; its middle frame is the truth. OUT/VIDEO/blur.csv has the PSNR of every
    blurry frame. `pvdbench datasets add NAME OUT` makes a data set of it. Frames are taken one after the other,
    whatever their times, upright, and with the colours that the file's tags say.
    """
    from pvdbench.datasets.camera_response import power_response, read_response
    from pvdbench.datasets.synthesize import Exposure, summary
    from pvdbench.datasets.synthesize import synthesize as make

    response = read_response(crf) if crf else power_response(gamma)
    exposure = Exposure(window, stride, interpolate, scale)
    report = make(video, out / video.stem, exposure, response, overwrite=overwrite, allow_damaged=allow_damaged)
    click.echo(f"{out / video.stem}: {summary(report)}")


@click.group()
def datasets() -> None:
    """Fetch, make, verify, add and cut data sets, and pack them for training."""


datasets.add_command(list_datasets)
datasets.add_command(fetch)


@datasets.command()
@click.argument("name")
@_params
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--cost", type=click.Path(path_type=Path), required=True, help="JSON file of seconds and memory.")
def render(name: str, params: Path, out: Path, cost: Path) -> None:
    """Render the data set NAME of data/params.yaml: photographs filmed by a simulated hand-held camera."""
    import torch

    from pvdbench.core.errors import ParamsError
    from pvdbench.core.params import read_params
    from pvdbench.datasets.params import DataParams, RenderParams
    from pvdbench.datasets.rendered.render import render_dataset
    from pvdbench.io.cost import measured_cost

    known = read_params(params, DataParams)
    rendered = [key for key, value in known if isinstance(value, RenderParams)]
    if name not in rendered:
        raise ParamsError(f"{params}: unknown rendered data set '{name}'; choose from {', '.join(rendered)}")
    torch.set_num_threads(1)  # the pieces are small: one thread is as fast, and not slowed by a busy neighbour
    with measured_cost(cost, f"render {name}"):
        render_dataset(name, getattr(known, name), out)


@datasets.command()
@click.argument("name")
@_params
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write, beside the whole one.")
def subset(name: str, params: Path, out: Path) -> None:
    """Cut the subset NAME of data/params.yaml out of a data set: fewer videos, fewer frames, a crop of them."""
    from pvdbench.core.errors import ParamsError, choices
    from pvdbench.core.params import read_params
    from pvdbench.datasets.params import DataParams
    from pvdbench.datasets.subset import take_subset

    known = read_params(params, DataParams).subsets
    if name not in known:
        raise ParamsError(f"{params}: subsets: unknown subset '{name}'; choose from {choices(known)}")
    take_subset(out.parent / known[name].of, known[name], out)


@datasets.command()
@click.argument("name")
@study_folder
def pack(name: str, folder: Path) -> None:
    """Put the training frames of the data set NAME into one array per clip, so that training need not decode them.

    What is packed already stays; training reads it without being told to.
    """
    from pvdbench.datasets.packed import pack as pack_dataset
    from pvdbench.study.study import load_study

    written = pack_dataset(load_study(folder).dataset(name))
    click.echo(f"{name}: {written} arrays written")


for _command in (verify, add, synthesize):
    datasets.add_command(_command)
