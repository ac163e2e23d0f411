"""pvdbench train: BIMNet, its rivals and PVDNet's variants."""

from pathlib import Path

import click

from pvdbench.cli.options import study_folder


@click.group()
def train() -> None:
    """Train the rows of a study; each writes weights, a CSV of losses and what it cost."""


@train.command()
@study_folder
def pretrain(folder: Path) -> None:
    """Train LiteFlowNet on true flow, the start of every motion row that has a network."""
    from pvdbench.cli.study import load_study
    from pvdbench.core.cost import measured_cost
    from pvdbench.core.device import compute_device
    from pvdbench.training.motion import pretrain_motion

    study = load_study(folder)
    training = study.params.training
    with measured_cost(study.data("cost", "train", "motion", "pretrained.json"), "train pretrain") as facts:
        pretrain_motion(
            study.dataset(study.params.datasets.train),
            training.motion,
            study.data("weights", "motion", "pretrained.safetensors"),
            study.data("training", "motion", "pretrained.csv"),
            seed=training.seed,
            device=compute_device(study.params.threads),
        )
        facts["steps"] = training.motion.pretrain.steps


@train.command()
@click.argument("row")
@study_folder
def motion(row: str, folder: Path) -> None:
    """Train ROW of `motion` (Table 1)."""
    from pvdbench.cli.study import load_study
    from pvdbench.core.cost import measured_cost
    from pvdbench.core.device import compute_device
    from pvdbench.training.motion import train_motion

    study = load_study(folder)
    with measured_cost(study.data("cost", "train", "motion", f"{row}.json"), f"train motion {row}") as facts:
        facts["steps"] = train_motion(
            study.motion_row(row),
            study.dataset(study.params.datasets.train),
            study.params.training.motion,
            study.data("weights", "motion", "pretrained.safetensors"),
            study.data("weights", "motion", f"{row}.safetensors"),
            study.data("training", "motion", f"{row}.csv"),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
        )


@train.command()
@click.argument("row")
@study_folder
def deblur(row: str, folder: Path) -> None:
    """Train ROW of `deblur` (Tables 2 and 3)."""
    from pvdbench.cli.study import load_study
    from pvdbench.core.cost import measured_cost
    from pvdbench.core.device import compute_device
    from pvdbench.training.deblurring import train_deblurring

    study = load_study(folder)
    params = study.deblur_row(row)
    with measured_cost(study.data("cost", "train", "deblur", f"{row}.json"), f"train deblur {row}") as facts:
        facts["steps"] = train_deblurring(
            params,
            study.dataset(study.params.datasets.train),
            study.params.training.deblur,
            study.data("weights", "motion", f"{params.motion}.safetensors"),
            study.data("weights", "deblur", f"{row}.safetensors"),
            study.data("training", "deblur", f"{row}.csv"),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
        )
