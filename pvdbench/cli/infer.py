"""pvdbench infer: run a row's method over the test clips of a data set."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.group()
def infer() -> None:
    """Run a row's method over the test clips of a data set."""


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def flow(dataset: str, row: str, folder: Path) -> None:
    """Estimate flow between the blurry frames of DATASET by ROW of `motion`, and warp the sharp ones by it."""
    from pvdbench.contract.card import read_card
    from pvdbench.contract.folder import load_motion_estimator
    from pvdbench.core.cost import measured_cost
    from pvdbench.core.device import compute_device
    from pvdbench.inference.warping import run_motion
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    name = study.motion_row(row).method
    method = load_motion_estimator(study.methods, name)
    weights = {"network": study.data("weights", "motion", f"{row}.safetensors")}
    method.load(weights, compute_device(study.params.threads), **read_card(study.methods, name).options)
    with measured_cost(study.data("cost", "flow", dataset, f"{row}.json"), f"infer flow {dataset} {row}") as facts:
        facts |= run_motion(method, row, study.dataset(dataset), study.data("flow", dataset, row))


@infer.command()
@click.argument("dataset")
@click.argument("row")
@study_folder
def deblur(dataset: str, row: str, folder: Path) -> None:
    """Deblur the test clips of DATASET by ROW of `deblur`."""
    from pvdbench.contract.folder import load_deblurrer
    from pvdbench.core.cost import measured_cost
    from pvdbench.core.device import compute_device
    from pvdbench.inference.deblurring import run_deblurring
    from pvdbench.pipeline.study import load_study

    study = load_study(folder)
    name = study.deblur_row(row).method
    method = load_deblurrer(study.methods, name)
    weights = {"network": study.data("weights", "deblur", f"{row}.safetensors")}
    method.load(weights, compute_device(study.params.threads), **study.options(row))
    with measured_cost(study.data("cost", "deblur", dataset, f"{row}.json"), f"infer deblur {dataset} {row}") as facts:
        facts |= run_deblurring(method, row, study.dataset(dataset), study.data("frames", dataset, row))
