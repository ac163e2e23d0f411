"""A study: params.yaml read as a whole, so that a mistake anywhere in it stops any command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from pvdbench.core.errors import ParamsError, StudyError
from pvdbench.core.params import StrictModel, parse_params, read_params
from pvdbench.io.weights import load_weights
from pvdbench.methods.card import Task, read_card
from pvdbench.methods.folders import check_folders, find_method, installed_folders
from pvdbench.networks.params import DeblurRow, MotionRow, NetworkParams
from pvdbench.scoring.params import ProtocolParams
from pvdbench.study.table_params import TableParams
from pvdbench.training.params import MethodRecipe, SequenceRecipe, TrainingParams


class DatasetChoice(StrictModel):
    """Key `datasets`: what the study trains on and what it measures."""

    pretrain: str  # with true flow, as rendered ones have
    train: str
    test: list[str]


class Params(StrictModel):
    """params.yaml; each key but the first four belongs to the package of its name."""

    root: str  # the way from the study's folder to the repository's top
    threads: Annotated[int, Field(ge=1)]  # of each stage on the CPU
    methods: list[str] = Field(default=[])  # folders of methods beside the tree's own, relative to the study's folder
    datasets: DatasetChoice
    motion: dict[str, MotionRow]
    deblur: dict[str, DeblurRow]
    training: TrainingParams
    protocols: ProtocolParams
    tables: TableParams

    @property
    def shown(self) -> tuple[str, ...]:
        """The data sets whose test clips are deblurred: measured ones, then those without truth."""
        return (*self.datasets.test, *self.tables.figures.qualitative.datasets)


Row = TypeVar("Row", MotionRow, DeblurRow)


@dataclass(frozen=True)
class Study:
    """A study's folder and its parameters; every path between stages is made here."""

    folder: Path
    params: Params

    @property
    def root(self) -> Path:
        """The repository's top, which holds methods/ and data/."""
        return self.folder / self.params.root

    @property
    def methods(self) -> tuple[Path, ...]:
        """The folders of methods: the tree's own, those that the study names, and those of installed packages."""
        return (self.root / "methods", *(self.folder / place for place in self.params.methods), *installed_folders())

    def place_of(self, method: str) -> Path:
        """Which of the folders holds a method."""
        return find_method(self.methods, method)

    def dataset(self, name: str) -> Path:
        """A data set's folder."""
        return self.root / "data" / name

    def given(self, weights: str | None) -> Path | None:
        """The file of weights that a row names, imported by the user (`pvdbench weights import`)."""
        return self.root / "data" / "given" / f"{weights}.safetensors" if weights else None

    def data(self, *parts: str) -> Path:
        """A file or folder among the study's own data."""
        return self.folder.joinpath("data", *parts)

    def motion_row(self, name: str) -> MotionRow:
        """A row of `motion`."""
        return _known(self.params.motion, name, "motion")

    def deblur_row(self, name: str) -> DeblurRow:
        """A row of `deblur`."""
        return _known(self.params.deblur, name, "deblur")

    def options(self, name: str) -> dict[str, Any]:
        """What a row of `deblur` gives to its method: the options of method.yaml, the row's own in their place.

        Raises:
            ParamsError: if one is unknown or of another type.
        """
        row = self.deblur_row(name)
        return read_card(self.place_of(row.method), row.method).chosen(
            row.options, f"params.yaml: deblur.{name}.options"
        )

    def sequence_recipe(self, name: str) -> SequenceRecipe:
        """How PVDNet is trained in a row of `deblur`: by `training.deblur`, the row's own keys in its place.

        Raises:
            ParamsError: if the row's keys do not match.
        """
        keys = self.params.training.deblur.model_dump() | self.deblur_row(name).training
        return parse_params(Path(f"{self.folder / 'params.yaml'}: deblur.{name}.training"), keys, SequenceRecipe)

    @property
    def upper_bounds(self) -> list[str]:
        """The rows of `deblur` that see the truth: by their method's card, or by their weights where it says so."""
        return [name for name in self.params.deblur if self._is_upper_bound(name)]

    def _is_upper_bound(self, name: str) -> bool:
        row = self.params.deblur[name]
        says = read_card(self.place_of(row.method), row.method).upper_bound
        if says != "by-weights":
            return says
        given = self.given(row.weights)
        known = row.network is not None or (given is not None and given.is_file())
        return known and self.network_params(name).volume == "ideal"

    def network_params(self, name: str) -> NetworkParams:
        """The network of a row of `deblur`: as params.yaml has it, else as its given weights say.

        Raises:
            ParamsError: if the row has no network of PVDNet's kind.
            WeightsError: if its weights are missing or damaged.
        """
        row, given = self.deblur_row(name), self.given(self.deblur_row(name).weights)
        if row.network is not None:
            return row.network
        header = load_weights(given)[1] if given else {}
        if "params" not in header:
            raise ParamsError(f"{self.folder / 'params.yaml'}: deblur.{name} has no pixel volume; name a row of pvdnet")
        return parse_params(given or self.folder, header["params"], NetworkParams)

    def network_of(self, name: str) -> Path | None:
        """The folder of a deblurring row's method, if the training loop trains it by its network.py."""
        method = self.deblur_row(name).method
        place = self.place_of(method)
        return place / method if read_card(place, method).training is not None else None

    def recipe(self, name: str) -> MethodRecipe | None:
        """How a row of `deblur` is trained by its method's network.py; None where the method has none.

        Raises:
            ParamsError: if the row's recipe does not match, or its method has nothing to train by it.
        """
        row = self.deblur_row(name)
        card = read_card(self.place_of(row.method), row.method)
        where = self.folder / "params.yaml"
        if card.training is None:
            if row.training and row.network is None:
                raise ParamsError(f"{where}: deblur.{name}.training: expected none, since '{row.method}' has no recipe "
                                  "of its own; remove it, or see `training.deblur` for PVDNet")  # fmt: skip
            return None
        if row.network is not None:
            raise ParamsError(f"{where}: deblur.{name}.network: expected none, since '{row.method}' has a network of "
                              "its own; give it `options`")  # fmt: skip
        return parse_params(Path(f"{where}: deblur.{name}.training"), card.training | row.training, MethodRecipe)


def _known(rows: dict[str, Row], name: str, key: str) -> Row:
    if name not in rows:
        choices = ", ".join(rows)
        raise ParamsError(f"params.yaml: {key}: expected one of {choices}, got '{name}'; add it or correct the name")
    return rows[name]


def load_study(folder: Path) -> Study:
    """Read and check a study.

    Raises:
        StudyError: if the folder is not in a Git repository.
        ParamsError: if params.yaml has an unknown key, a wrong type or names a row that is not there.
        MethodError: if a row names a method that is not there, or two methods go by one name.
    """
    params = read_params(folder / "params.yaml", Params)
    study = Study(folder, params)
    if not (study.root / "methods").is_dir():
        raise ParamsError(f"{folder / 'params.yaml'}: root: expected the way to the folder that holds methods/, "
                          f"got '{params.root}'; correct it")  # fmt: skip
    _check_repository(study.root)
    check_folders(study.methods)
    for method in {row.method for row in params.motion.values()}:
        _check_method(study, method, "motion")
    for method in {row.method for row in params.deblur.values()}:
        _check_method(study, method, "deblur")
    for name in params.deblur:
        study.options(name)
        study.recipe(name)
        if params.deblur[name].network is not None:
            study.sequence_recipe(name)
    _check_references(params)
    return study


def _check_method(study: Study, method: str, task: Task) -> None:
    if (found := read_card(study.place_of(method), method).task) != task:
        raise ParamsError(f"{study.folder / 'params.yaml'}: {task}: expected methods for '{task}', got '{method}' for "
                          f"'{found}'; name another")  # fmt: skip


def _check_references(params: Params) -> None:
    for row in params.deblur.values():
        _known(params.motion, row.motion, "motion")
    volume, tables = params.protocols.volume, params.tables
    for name in (volume.motion, *tables.table1):
        _known(params.motion, name, "motion")
    lens = [tables.lens.row] if tables.lens else []
    for name in (volume.volume_row, volume.warp_row, *tables.deblur_labels, *lens, *tables.published,
                 *tables.figures.qualitative.rows):  # fmt: skip
        _known(params.deblur, name, "deblur")
    if twice := [name for name in params.datasets.test if params.shown.count(name) > 1]:
        raise ParamsError(f"params.yaml: tables.figures.qualitative.datasets: expected others than datasets.test, got "
                          f"'{twice[0]}'; name it in one of the two")  # fmt: skip
    if tables.protocol not in params.protocols.expanded:
        choices = ", ".join(params.protocols.expanded)
        raise ParamsError(f"params.yaml: tables.protocol: expected one of {choices}, got '{tables.protocol}'; "
                          "add it to protocols.names or correct it")  # fmt: skip


def _check_repository(root: Path) -> None:
    git = subprocess.run(["git", "-C", str(root), "rev-parse", "--git-dir"], capture_output=True, check=False)
    if git.returncode:
        raise StudyError(f"{root.resolve()}: expected a Git repository, so that the report can name its commit, "
                         "found none; clone pvdbench with git, or run `git init` and commit")  # fmt: skip
