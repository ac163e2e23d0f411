"""pvdbench train: BIMNet, its rivals and PVDNet's variants."""

from pathlib import Path
from typing import Any

import click

from pvdbench.cli.options import study_folder


@click.group()
def train() -> None:
    """Train the rows of a study; each writes weights, a CSV of losses and what it cost.

    A run that is stopped or killed goes on from its last checkpoint when the same command is given again. On several
    GPUs or processes: torchrun --nproc-per-node N -m pvdbench train ...
    """


@train.command()
@study_folder
def pretrain(folder: Path) -> None:
    """Train LiteFlowNet on true flow, the start of every motion row that has a network."""
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import measured_cost
    from pvdbench.study.study import load_study
    from pvdbench.training.distributed import joined
    from pvdbench.training.motion import pretrain_motion

    study = load_study(folder)
    training = study.params.training
    cost = study.data("cost", "train", "motion", "pretrained.json")
    with joined() as processes, measured_cost(cost, "train pretrain", write=processes.writes) as facts:
        pretrain_motion(
            study.dataset(study.params.datasets.pretrain),
            training.motion,
            study.data("weights", "motion", "pretrained.safetensors"),
            study.data("training", "motion", "pretrained.csv"),
            study.data("checkpoints", "motion", "pretrained"),
            seed=training.seed,
            device=compute_device(study.params.threads),
            processes=processes,
        )
        facts["steps"] = training.motion.pretrain.steps


@train.command()
@click.argument("row")
@study_folder
def motion(row: str, folder: Path) -> None:
    """Train ROW of `motion` (Table 1)."""
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import measured_cost
    from pvdbench.study.study import load_study
    from pvdbench.training.distributed import joined
    from pvdbench.training.motion import train_motion

    study = load_study(folder)
    params = study.motion_row(row)
    cost = study.data("cost", "train", "motion", f"{row}.json")
    with joined() as processes, measured_cost(cost, f"train motion {row}", write=processes.writes) as facts:
        facts["steps"] = train_motion(
            params,
            study.dataset(study.params.datasets.train),
            study.params.training.motion,
            study.given(params.weights) or study.data("weights", "motion", "pretrained.safetensors"),
            study.data("weights", "motion", f"{row}.safetensors"),
            study.data("training", "motion", f"{row}.csv"),
            study.data("checkpoints", "motion", row),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
            processes=processes,
        )


@train.command()
@click.argument("row")
@study_folder
def deblur(row: str, folder: Path) -> None:
    """Train ROW of `deblur` (Tables 2 and 3)."""
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import measured_cost
    from pvdbench.methods.loading import load_trainable
    from pvdbench.study.study import load_study
    from pvdbench.training.competitors import train_competitor
    from pvdbench.training.deblur import train_deblurring
    from pvdbench.training.distributed import joined

    study = load_study(folder)
    params, dataset = study.deblur_row(row), study.dataset(study.params.datasets.train)
    recipe, method = study.recipe(row), load_trainable(study.place_of(params.method), params.method)
    weights, log = study.data("weights", "deblur", f"{row}.safetensors"), study.data("training", "deblur", f"{row}.csv")
    files = weights, log, study.data("checkpoints", "deblur", row)
    cost = study.data("cost", "train", "deblur", f"{row}.json")
    with joined() as processes, measured_cost(cost, f"train deblur {row}", write=processes.writes) as facts:
        how: Any = {"given": study.given(params.weights), "seed": study.params.training.seed, "processes": processes,
                    "device": compute_device(study.params.threads)}  # fmt: skip
        if method is not None and recipe is not None:
            facts["steps"] = train_competitor(method, study.options(row), recipe, dataset, *files, **how)
        else:
            motion = study.data("weights", "motion", f"{params.motion}.safetensors")
            facts["steps"] = train_deblurring(params, dataset, study.sequence_recipe(row), motion, *files, **how)
