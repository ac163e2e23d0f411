"""pvdbench train: BIMNet, its rivals, PVDNet's variants and competing methods."""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pvdbench.cli.options import study_folder

if TYPE_CHECKING:
    from pvdbench.methods.card import Task
    from pvdbench.study.recipes import TrainedRowParams, TrainedRows, Training
    from pvdbench.training.params import Recipe
    from pvdbench.training.trainer import Trainer, TrainingResult

    AnyRows = TrainedRows[TrainedRowParams]
    TrainNetwork = Callable[[Trainer], TrainingResult]


@click.group()
def train() -> None:
    """Train the rows of a study; each writes weights, a CSV of losses and what it cost.

    A run that is stopped or killed goes on from its last checkpoint when the same command is given again. The key
    `training.processes` of params.yaml says on how many GPUs or processes it trains; the command starts them itself.
    """


@train.command()
@study_folder
def pretrain(folder: Path) -> None:
    """Train LiteFlowNet on true flow, the start of every motion row that has this network."""
    from pvdbench.study.recipes import load_trained_rows
    from pvdbench.training.motion import pretrain_motion

    study = load_trained_rows(folder)
    training = study.params.training.motion
    dataset, weights = study.params.datasets.pretrain, ("start", "liteflownet")
    job = _Job(study, "motion", "pretrained", dataset, training.pretrain, weights)
    _train(job, lambda trainer: pretrain_motion(training, trainer))


@train.command()
@click.argument("row")
@study_folder
def motion(row: str, folder: Path) -> None:
    """Train ROW of `motion` (Table 1)."""
    from pvdbench.study.recipes import load_trained_rows

    study = load_trained_rows(folder)
    train_network = _TRAINERS[study.motion_training(row)](study, "motion", row)
    _train(_row(study, "motion", row), train_network)


@train.command()
@click.argument("row")
@study_folder
def deblur(row: str, folder: Path) -> None:
    """Train ROW of `deblur` (Tables 2 to 5)."""
    from pvdbench.study.recipes import load_trained_rows

    study = load_trained_rows(folder)
    train_network = _TRAINERS[study.deblur_training(row)](study, "deblur", row)
    _train(_row(study, "deblur", row), train_network)


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


@dataclass(frozen=True)
class _Job:
    """One command: what it trains, by which recipe if by any, and folder and name of its weights in data/weights."""

    study: "AnyRows"
    task: "Task"
    row: str
    dataset: str
    recipe: "Recipe | None"
    weights: tuple[str, str]

    @property
    def title(self) -> str:
        return f"train {self.task} {self.row}"


def _row(study: "AnyRows", task: "Task", row: str) -> _Job:
    return _Job(study, task, row, study.params.datasets.train, study.trained_by(task, row), (task, row))


def _train(job: _Job, train_network: "TrainNetwork") -> None:
    """Train in this process, or start all those that params.yaml asks for, in each of which this command comes here."""
    from pvdbench.training.distributed import is_one_of_several

    processes = job.study.processes(job.recipe)
    if processes.count == 1 or is_one_of_several():
        _train_here(job, train_network)
        return
    from pvdbench.training.launch import Launch, check_processes, train_together

    assert job.recipe is not None  # or one process would do
    check_processes(f"{job.study.folder / 'params.yaml'}: {job.title}", job.recipe, processes)
    context = click.get_current_context()
    row = ["--", job.row] if "row" in context.params else []
    words = [str(context.info_name), "--study", str(context.params["folder"]), *row]
    log = job.study.data("logs", "train", job.task, f"{job.row}.txt")
    train_together(Launch(job.title, processes, _as_one_of_several, words, log))


def _as_one_of_several(words: list[str]) -> None:
    train.main(words, prog_name="pvdbench train", standalone_mode=False)


def _train_here(job: _Job, train_network: "TrainNetwork") -> None:
    """Train in this process, as one of all those that there are, and write what it took on this machine."""
    from pvdbench.core.device import compute_device
    from pvdbench.core.notice import notice
    from pvdbench.io.cost import measured_cost
    from pvdbench.io.lock import one_command_at_a_time
    from pvdbench.training.distributed import joined_processes
    from pvdbench.training.trainer import Trainer

    study, cost = job.study, job.study.data("cost", "train", job.task, f"{job.row}.json")
    asked = study.processes(job.recipe).count
    first = os.environ.get("RANK", "0") == "0"  # the others wait for it
    place = study.data("logs", "train", f"{job.task}-{job.row}.lock")
    lock = one_command_at_a_time(place, job.title) if first else nullcontext()
    with lock, joined_processes() as processes, measured_cost(cost, job.title, write=processes.writes) as facts:
        if processes.writes and processes.count != asked:
            notice(f"{job.title}: {processes.count} processes train and not {asked}, as params.yaml says: sums round "
                   "otherwise")  # fmt: skip
        trainer = Trainer(
            dataset=study.dataset(job.dataset),
            weights=study.data("weights", job.weights[0], f"{job.weights[1]}.safetensors"),
            log=study.data("training", job.task, f"{job.row}.csv"),
            checkpoints=study.data("checkpoints", job.task, job.row),
            seed=study.params.training.seed,
            device=compute_device(study.params.threads),
            processes=processes,
        )
        result = train_network(trainer)
        facts |= {"steps": result.steps, "seconds_before": result.seconds_before}
