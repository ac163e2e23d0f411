"""How each row of a study is trained (Sec. 4.1): by what, by which recipe, from which start."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import parse_params, read_params
from pvdbench.methods.card import Task, read_card
from pvdbench.study.rows import RowParams, Rows, check_whole
from pvdbench.training.params import MethodRecipe, ProcessParams, Recipe, SequenceRecipe, TrainingParams

Training = Literal["motion", "pvdnet", "competitor", "imported", "nothing"]
"""What makes a row's weights: a motion network's or PVDNet's training, that of a method's own network.py, a file that
the user imported, or nothing, where a method has none."""


class TrainedRowParams(RowParams):
    """params.yaml with the key `training` read."""

    training: TrainingParams


AnyTrained = TypeVar("AnyTrained", bound=TrainedRowParams)


@dataclass(frozen=True)
class TrainedRows(Rows[AnyTrained]):
    """The rows of a study and how they are trained."""

    def motion_training(self, name: str) -> Training:
        """Say what makes the weights of a row of `motion`."""
        return "nothing" if self.motion_row(name).network is None else "motion"

    def deblur_training(self, name: str) -> Training:
        """Say what makes the weights of a row of `deblur`.

        Raises:
            ParamsError: if the row's keys do not suit its method.
        """
        row = self.deblur_row(name)
        if row.weights is not None:
            return "imported"
        recipe = self.recipe(name)  # it refuses a row of PVDNet's network with a method that brings its own
        if row.network is not None:
            return "pvdnet"
        return "nothing" if recipe is None else "competitor"

    def sequence_recipe(self, name: str) -> SequenceRecipe:
        """Merge how PVDNet is trained in a row of `deblur`: `training.deblur`, the row's own keys in its place.

        Raises:
            ParamsError: if the row's keys do not match.
        """
        keys = dict(self.params.training.deblur) | self.deblur_row(name).training
        return parse_params(Path(f"{self.folder / 'params.yaml'}: deblur.{name}.training"), keys, SequenceRecipe)

    def recipe(self, name: str) -> MethodRecipe | None:
        """Merge how a row of `deblur` is trained by its method's network.py; None where the method has none.

        Raises:
            ParamsError: if the row's recipe does not match, or its method has nothing to train by it.
        """
        row = self.deblur_row(name)
        card = read_card(self.place_of(row.method), row.method)
        where = f"{self.folder / 'params.yaml'}: deblur.{name}"
        if card.training is None:
            if row.training and row.network is None:
                raise ParamsError(f"{where}.training: the method '{row.method}' has no recipe of its own; remove this "
                                  "key, or see `training.deblur` for PVDNet")  # fmt: skip
            return None
        if row.network is not None:
            raise ParamsError(f"{where}.network: the method '{row.method}' brings its own network; give it `options`")
        return parse_params(Path(f"{where}.training"), card.training | row.training, MethodRecipe)

    def trained_by(self, task: Task, name: str) -> Recipe | None:
        """Find the recipe that a row is trained by; None where nothing of it is trained.

        Raises:
            ParamsError: if the row's keys do not match.
        """
        if task == "motion":
            trained = self.motion_training(name) == "motion" and self.motion_row(name).finetune
            return self.params.training.motion.finetune if trained else None
        recipes = {"pvdnet": self.sequence_recipe, "competitor": self.recipe}
        kind = self.deblur_training(name)
        return recipes[kind](name) if kind in recipes else None

    def processes(self, recipe: Recipe | None) -> ProcessParams:
        """Say how many processes train by a recipe: as it says, or else `training.processes`; one without a recipe."""
        return ProcessParams() if recipe is None else recipe.processes or self.params.training.processes


def load_trained_rows(folder: Path) -> TrainedRows[TrainedRowParams]:
    """Read the rows of a study and how they are trained, after a check of the whole study.

    Raises:
        PvdbenchError: as study.load_study, if there is a mistake anywhere in it.
    """
    check_whole(folder)
    return TrainedRows(folder, read_params(folder / "params.yaml", TrainedRowParams))
