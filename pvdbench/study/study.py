"""A study as a whole: every key of params.yaml read and checked together, so that a mistake stops it before it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import read_params
from pvdbench.io.git import git
from pvdbench.methods.card import Task, read_card
from pvdbench.methods.folders import check_folders
from pvdbench.scoring.params import ProtocolParams
from pvdbench.study.names import check_names
from pvdbench.study.recipes import TrainedRowParams, TrainedRows
from pvdbench.study.rows import known_row
from pvdbench.study.shown_rows import check_figures
from pvdbench.study.table_params import TableParams


class Params(TrainedRowParams):
    """params.yaml; the keys `training`, `protocols` and `tables` each belong to the package of that name."""

    protocols: ProtocolParams
    tables: TableParams

    @property
    def shown(self) -> tuple[str, ...]:
        """The data sets whose test clips are deblurred: measured ones, then those without truth."""
        return (*self.datasets.test, *self.tables.figures.qualitative.datasets)


@dataclass(frozen=True)
class Study(TrainedRows[Params]):
    """A study's folder and all of its parameters."""

    @property
    def upper_bounds(self) -> list[str]:
        """The rows of `deblur` that see the truth: by their method's card, or by their weights where it says so."""
        return [name for name in self.params.deblur if self.is_upper_bound(name)]


def load_study(folder: Path) -> Study:
    """Read and check a study.

    Raises:
        StudyError: if the folder is not in a Git repository that Git trusts, or Git is not installed.
        ParamsError: if params.yaml has an unknown key, a wrong type, a name that cannot be one, or names a row that is
            not there.
        MethodError: if a row names a method that is not there, or two methods go by one name.
    """
    study = Study(folder, read_params(folder / "params.yaml", Params))
    check_names(study.params, study.params.tables, folder / "params.yaml")
    if not (study.root / "methods").is_dir():
        raise ParamsError(f"{folder / 'params.yaml'}: root: '{study.params.root}' is not the way to the folder that "
                          "holds methods/; correct it")  # fmt: skip
    git(study.root, "rev-parse", "--git-dir")
    check_folders(study.methods)
    _check_rows(study)
    _check_references(study.params)
    check_figures(study.params.tables)
    return study


def _check_rows(study: Study) -> None:
    for task, rows in _methods_by_task(study.params):
        for method in rows:
            if (found := read_card(study.place_of(method), method).task) != task:
                raise ParamsError(f"{study.folder / 'params.yaml'}: {task}: '{method}' is a method for '{found}'; "
                                  f"name one for '{task}'")  # fmt: skip
    for name, motion in study.params.motion.items():
        if "network" not in motion.model_fields_set:
            raise ParamsError(f"{study.folder / 'params.yaml'}: motion.{name}.network: missing; write liteflownet, "
                              "flownet2, or none where nothing is trained (dvc.yaml reads this key)")  # fmt: skip
    for name, row in study.params.deblur.items():
        study.options(name)
        study.recipe(name)
        if row.network is not None:
            study.sequence_recipe(name)


def _methods_by_task(params: Params) -> Iterator[tuple[Task, set[str]]]:
    yield "motion", {row.method for row in params.motion.values()}
    yield "deblur", {row.method for row in params.deblur.values()}


def _check_references(params: Params) -> None:
    for row in params.deblur.values():
        known_row(params.motion, row.motion, "motion")
    volume, tables = params.protocols.volume, params.tables
    for name in (volume.motion, *tables.table1):
        known_row(params.motion, name, "motion")
    lens = [tables.lens.row] if tables.lens else []
    for name in (volume.volume_row, volume.warp_row, *tables.deblur_labels, *lens, *tables.published,
                 *tables.figures.qualitative.rows):  # fmt: skip
        known_row(params.deblur, name, "deblur")
    if twice := [name for name in params.datasets.test if params.shown.count(name) > 1]:
        raise ParamsError(f"params.yaml: tables.figures.qualitative.datasets: '{twice[0]}' is one of datasets.test, "
                          "too; name it in one of the two")  # fmt: skip
    if tables.protocol not in params.protocols.tabled:
        choices = ", ".join(params.protocols.tabled)
        raise ParamsError(f"params.yaml: tables.protocol: '{tables.protocol}' gives no PSNR here; choose from "
                          f"{choices}, or add it to protocols.names")  # fmt: skip
