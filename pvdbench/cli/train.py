"""pvdbench train: BIMNet, its rivals, PVDNet's variants and competing methods."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder

if TYPE_CHECKING:
    from pvdbench.study.study import Study
    from pvdbench.training.trainer import Trainer, TrainingResult


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
    from pvdbench.study.study import load_study
    from pvdbench.training.motion import pretrain_motion

    study = load_study(folder)
    dataset = study.params.datasets.pretrain
    _run(study, "motion", "pretrained", dataset, lambda trainer: pretrain_motion(study.params.training.motion, trainer))


@train.command()
@click.argument("row")
@study_folder
def motion(row: str, folder: Path) -> None:
    """Train ROW of `motion` (Table 1)."""
    from pvdbench.study.study import load_study
    from pvdbench.training.motion import train_motion

    study = load_study(folder)
    params, training = study.motion_row(row), study.params.training.motion
    start = study.given(params.weights) or study.data("weights", "motion", "pretrained.safetensors")
    _run(
        study,
        "motion",
        row,
        study.params.datasets.train,
        lambda trainer: train_motion(params, training, start, trainer),
    )


@train.command()
@click.argument("row")
@study_folder
def deblur(row: str, folder: Path) -> None:
    """Train ROW of `deblur` (Tables 2 to 5)."""
    from pvdbench.study.study import load_study

    study = load_study(folder)
    by_row = _pvdnet if study.recipe(row) is None else _competitor
    _run(study, "deblur", row, study.params.datasets.train, by_row(study, row))


def _pvdnet(study: "Study", row: str) -> "Callable[[Trainer], TrainingResult]":
    from pvdbench.training.deblur import train_deblurring

    params, recipe = study.deblur_row(row), study.sequence_recipe(row)
    motion = study.data("weights", "motion", f"{params.motion}.safetensors")
    imported = study.given(params.weights)
    return lambda trainer: train_deblurring(params, recipe, motion, trainer, imported=imported)


def _competitor(study: "Study", row: str) -> "Callable[[Trainer], TrainingResult]":
    from pvdbench.methods.loading import load_trainable
    from pvdbench.training.competitors import train_competitor

    params, recipe, options = study.deblur_row(row), study.recipe(row), study.options(row)
    method = load_trainable(study.place_of(params.method), params.method)
    assert method is not None and recipe is not None  # a method has both or neither
    imported = study.given(params.weights)
    return lambda trainer: train_competitor(method, options, recipe, trainer, imported=imported)


def _run(study: "Study", task: str, row: str, dataset: str, train_row: "Callable[[Trainer], TrainingResult]") -> None:
    """Train a row in all processes, and write what it cost."""
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import measured_cost
    from pvdbench.training.distributed import joined_processes
    from pvdbench.training.trainer import Trainer

    cost = study.data("cost", "train", task, f"{row}.json")
    with joined_processes() as processes, measured_cost(cost, f"train {task} {row}", write=processes.writes) as facts:
        trainer = Trainer(
            dataset=study.dataset(dataset),
            weights=study.data("weights", task, f"{row}.safetensors"),
            log=study.data("training", task, f"{row}.csv"),
            checkpoints=study.data("checkpoints", task, row),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
            processes=processes,
        )
        result = train_row(trainer)
        facts |= {"steps": result.steps, "seconds_before": result.seconds_before}
