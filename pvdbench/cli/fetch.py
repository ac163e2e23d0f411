"""pvdbench datasets list and fetch: the published data sets, and how they come here."""

from pathlib import Path

import click

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
    """List the published data sets: what, how large, under which licence, from where, and what is here of each."""
    from pvdbench.datasets.catalogue import read_catalogue, state

    catalogue = read_catalogue(data)
    for name, source in catalogue.sources.datasets.items():
        archive = catalogue.archive(name)
        click.echo(f"{name}: {state(catalogue, name)}\n  {source.what}\n"
                   f"  archive {archive.file}, size: {archive.size}, licence: {archive.licence}")  # fmt: skip
        for url in archive.urls:
            click.echo(f"  {url}")


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
    from pvdbench.datasets.fetch import fetch as fetch_dataset

    extracted = fetch_dataset(read_catalogue(data), name, given, delete_archive=delete_archive)
    click.echo(f"{name}: {extracted.frames} frames, {extracted.bytes / 1e9:.3f} GB in {data / name}, "
               f"{extracted.written} of them written now")  # fmt: skip
