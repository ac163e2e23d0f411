"""pvdbench weights: import published checkpoints, and show what a weights file holds."""

from pathlib import Path

import click

from pvdbench.cli.options import methods_folder, parse_options


@click.group()
def weights() -> None:
    """Import published checkpoints; show what weights files hold."""


@weights.command("import")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Weights file to write.")
@click.option("--method", "name", help="Whose checkpoint it is, of methods/; without it, PVDNet's or a flow network's.")
@click.option("--option", "options", multiple=True, help="KEY=VALUE of that method's network, such as channels=40.")
@methods_folder
@click.option("--prefix", help="Which tensors to take where several are such a network's, such as params_ema.")
@click.option("--overwrite", is_flag=True,
              help="Replace --out whoever wrote it; without it only weights that were imported.")  # fmt: skip
def import_(
    checkpoint: Path,
    out: Path,
    name: str | None,
    options: tuple[str, ...],
    methods: Path,
    prefix: str | None,
    overwrite: bool,
) -> None:
    """Turn CHECKPOINT, a PyTorch file or safetensors that others published, into a file of weights.

    Without --method it is one of the PVDNet authors, of sniklaus' LiteFlowNet or of NVIDIA's FlowNet2. The network's
    names are found in whatever mapping and behind whatever prefix a training program puts them. Only tensors are read:
    code in a pickle is refused, never run.
    """
    from pvdbench.core.errors import MethodError
    from pvdbench.networks.import_checkpoint import import_checkpoint, import_published

    if name is not None and not methods.is_dir():
        raise MethodError(f"{methods}: this folder of methods is not here; name pvdbench's, or yours, by --methods")
    if name is None:
        header = import_checkpoint(checkpoint, out, prefix, overwrite=overwrite)
    else:
        given = parse_options(options)
        header = import_published(methods, name, given, checkpoint, out, prefix, overwrite=overwrite)
    click.echo(f"{out}: {header['network']}, imported from {checkpoint.name}")


@weights.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Print the header of FILE, every tensor's shape, the number of parameters and the file's SHA-256."""
    from pvdbench.io.checksum import file_sha256
    from pvdbench.io.weights import load_weights

    tensors, header = load_weights(file)
    for key, value in sorted(header.items()):
        click.echo(f"{key}: {value}")
    for name, tensor in tensors.items():
        click.echo(f"  {name} {'x'.join(map(str, tensor.shape))}")
    click.echo(f"{sum(tensor.numel() for tensor in tensors.values()):,} parameters in {len(tensors)} tensors")
    click.echo(f"sha256 {file_sha256(file)}")
