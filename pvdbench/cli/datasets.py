"""pvdbench datasets: fetch, make, verify, add and cut data sets, and pack them for training."""

from pathlib import Path

import click

from pvdbench.cli.datasets_real import add, synthesize, verify
from pvdbench.cli.fetch import fetch, list_datasets
from pvdbench.cli.options import study_folder


@click.group()
def datasets() -> None:
    """Fetch, make, verify, add and cut data sets, and pack them for training."""


datasets.add_command(list_datasets)
datasets.add_command(fetch)


@datasets.command()
@click.argument("name")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--cost", type=click.Path(path_type=Path), required=True, help="JSON file of seconds and memory.")
def render(name: str, params: Path, out: Path, cost: Path) -> None:
    """Render the data set NAME of data/params.yaml: photographs filmed by a simulated hand-held camera."""
    import torch

    from pvdbench.core.cost import measured_cost
    from pvdbench.core.errors import ParamsError
    from pvdbench.core.params import read_params
    from pvdbench.datasets.params import DataParams, RenderParams
    from pvdbench.datasets.render import render_dataset

    known = read_params(params, DataParams)
    rendered = [key for key, value in known if isinstance(value, RenderParams)]
    if name not in rendered:
        raise ParamsError(f"{params}: expected one of {', '.join(rendered)}, got '{name}'; correct the name")
    torch.set_num_threads(1)  # the pieces are small: one thread is as fast, and not slowed by a busy neighbour
    with measured_cost(cost, f"render {name}"):
        render_dataset(name, getattr(known, name), out)


@datasets.command()
@click.argument("name")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write, beside the whole one.")
def subset(name: str, params: Path, out: Path) -> None:
    """Cut the subset NAME of data/params.yaml out of a data set: fewer videos, fewer frames, a crop of them."""
    from pvdbench.core.errors import ParamsError
    from pvdbench.core.params import read_params
    from pvdbench.datasets.params import DataParams
    from pvdbench.datasets.subset import take_subset

    known = read_params(params, DataParams).subsets
    if name not in known:
        choices = ", ".join(known) or "none yet"
        raise ParamsError(f"{params}: subsets: expected one of {choices}, got '{name}'; add it or correct the name")
    take_subset(out.parent / known[name].of, known[name], out)


@datasets.command()
@click.argument("name")
@study_folder
def pack(name: str, folder: Path) -> None:
    """Put the training frames of the data set NAME into one array a clip, so that training need not decode them.

    What is packed already stays; training reads it without being told to.
    """
    from pvdbench.datasets.packed import pack as pack_dataset
    from pvdbench.pipeline.study import load_study

    written = pack_dataset(load_study(folder).dataset(name))
    click.echo(f"{name}: {written} arrays written")


for _command in (verify, add, synthesize):
    datasets.add_command(_command)
