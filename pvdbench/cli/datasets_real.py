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
