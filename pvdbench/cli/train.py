"""pvdbench train: BIMNet, its rivals, PVDNet's variants and competing methods."""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder

if TYPE_CHECKING:
    from pvdbench.methods.card import Task
    from pvdbench.study.recipes import TrainedRowParams, TrainedRows, Training
    from pvdbench.training.trainer import Trainer, TrainingResult

    AnyRows = TrainedRows[TrainedRowParams]
    TrainNetwork = Callable[[Trainer], TrainingResult]


@click.group()
def train() -> None:
    """Train the rows of a study; each writes weights, a CSV of losses and what it cost.

    A run that is stopped or killed goes on from its last checkpoint when the same command is given again. On several
    GPUs or processes: torchrun --nproc-per-node N -m pvdbench train ...
    """


@train.command()
@study_folder
def pretrain(folder: Path) -> None:
    """Train LiteFlowNet on true flow, the start of every motion row that has this network."""
    from pvdbench.study.recipes import load_trained_rows
    from pvdbench.training.motion import pretrain_motion

    study = load_trained_rows(folder)
    training = study.params.training.motion
    weights = study.data("weights", "start", "liteflownet.safetensors")
    _train(
        study, "motion", "pretrained", study.params.datasets.pretrain, lambda it: pretrain_motion(training, it), weights
    )


@train.command()
@click.argument("row")
@study_folder
def motion(row: str, folder: Path) -> None:
    """Train ROW of `motion` (Table 1)."""
    from pvdbench.study.recipes import load_trained_rows

    study = load_trained_rows(folder)
    train_network = _TRAINERS[study.motion_training(row)](study, "motion", row)
    _train(study, "motion", row, study.params.datasets.train, train_network)


@train.command()
@click.argument("row")
@study_folder
def deblur(row: str, folder: Path) -> None:
    """Train ROW of `deblur` (Tables 2 to 5)."""
    from pvdbench.study.recipes import load_trained_rows

    study = load_trained_rows(folder)
    train_network = _TRAINERS[study.deblur_training(row)](study, "deblur", row)
    _train(study, "deblur", row, study.params.datasets.train, train_network)


def _motion(study: "AnyRows", _: "Task", row: str) -> "TrainNetwork":
    from pvdbench.training.motion import train_motion

    params, training = study.motion_row(row), study.params.training.motion
    start = study.given(params.weights) or study.data("weights", "start", f"{params.network}.safetensors")
    return lambda trainer: train_motion(params, training, start, trainer)


def _pvdnet(study: "AnyRows", _: "Task", row: str) -> "TrainNetwork":
    from pvdbench.training.deblur import train_deblurring

    params, recipe = study.deblur_row(row), study.sequence_recipe(row)
    network, motion = params.network, study.data("weights", "motion", f"{params.motion}.safetensors")
    assert network is not None  # or it would be trained otherwise
    return lambda trainer: train_deblurring(network, recipe, motion, trainer)


def _competitor(study: "AnyRows", _: "Task", row: str) -> "TrainNetwork":
    from pvdbench.methods.loading import load_trainable
    from pvdbench.training.competitors import train_competitor

    params, recipe, options = study.deblur_row(row), study.recipe(row), study.options(row)
    method = load_trainable(study.place_of(params.method), params.method)
    assert method is not None and recipe is not None  # a method has both or neither
    return lambda trainer: train_competitor(method, options, recipe, trainer)


def _imported(study: "AnyRows", _: "Task", row: str) -> "TrainNetwork":
    file = study.given(study.deblur_row(row).weights)
    assert file is not None  # as the row says
    return lambda trainer: trainer.use_imported(file)


def _nothing(study: "AnyRows", task: "Task", row: str) -> "TrainNetwork":
    method = (study.motion_row(row) if task == "motion" else study.deblur_row(row)).method
    return lambda trainer: trainer.use_nothing(method)


_TRAINERS: "Mapping[Training, Callable[[AnyRows, Task, str], TrainNetwork]]" = {
    "motion": _motion,
    "pvdnet": _pvdnet,
    "competitor": _competitor,
    "imported": _imported,
    "nothing": _nothing,
}
"""What makes a row's weights, by kind; the fingerprint of a row follows the function of its own kind alone."""


def _train(
    study: "AnyRows", task: "Task", row: str, dataset: str, train_network: "TrainNetwork", weights: Path | None = None
) -> None:
    """Train a row in all processes, and write what it took on this machine."""
    from pvdbench.core.device import compute_device
    from pvdbench.io.cost import measured_cost
    from pvdbench.io.lock import one_command_at_a_time
    from pvdbench.training.distributed import joined_processes
    from pvdbench.training.trainer import Trainer

    cost, stage = study.data("cost", "train", task, f"{row}.json"), f"train {task} {row}"
    first = os.environ.get("RANK", "0") == "0"  # the others wait for it
    lock = one_command_at_a_time(study.data("logs", "train", f"{task}-{row}.lock"), stage) if first else nullcontext()
    with lock, joined_processes() as processes, measured_cost(cost, stage, write=processes.writes) as facts:
        trainer = Trainer(
            dataset=study.dataset(dataset),
            weights=weights or study.data("weights", task, f"{row}.safetensors"),
            log=study.data("training", task, f"{row}.csv"),
            checkpoints=study.data("checkpoints", task, row),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
            processes=processes,
        )
        result = train_network(trainer)
        facts |= {"steps": result.steps, "seconds_before": result.seconds_before}
