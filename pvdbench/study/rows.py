"""The rows of a study and where their files lie: what every stage reads of params.yaml, and no more.

Each stage reads the other key that it uses by `Rows.key`, so that what a table may be told is no part of the
fingerprint of a training. `study.study` reads all keys together and checks what they say of each other.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from pvdbench.core.device import MOST_THREADS
from pvdbench.core.errors import ParamsError, choices, shorten
from pvdbench.core.names import is_one_part
from pvdbench.core.params import Model, StrictModel, parse_params, read_params
from pvdbench.io.checksum import file_sha256
from pvdbench.io.weights import load_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.folders import find_method, installed_folders
from pvdbench.networks.params import DeblurRow, MotionRow, NetworkParams


class DatasetChoice(StrictModel):
    """Key `datasets`: what the study trains on and what it measures."""

    pretrain: str  # with true flow, as rendered ones have
    train: str
    test: Annotated[list[str], Field(min_length=1)]


class RowParams(StrictModel):
    """params.yaml, the keys of single stages unread."""

    root: Annotated[str, Field(min_length=1)]  # the way from the study's folder to the repository's top
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]  # of each stage on the CPU
    isolation: Literal["process", "sandbox"] = "process"  # sandbox: methods see no data set and no network
    methods: list[str] = Field(default=[])  # folders of methods beside the tree's own, relative to the study's folder
    datasets: DatasetChoice
    motion: dict[str, MotionRow]
    deblur: dict[str, DeblurRow]
    training: Any
    protocols: Any
    tables: Any


AnyParams = TypeVar("AnyParams", bound=RowParams)
Row = TypeVar("Row", MotionRow, DeblurRow)


@dataclass(frozen=True)
class Rows(Generic[AnyParams]):
    """A study's folder and its parameters; every path between stages is made here."""

    folder: Path
    params: AnyParams

    @property
    def root(self) -> Path:
        """The repository's top, which holds methods/ and data/."""
        return self.folder / self.params.root

    @property
    def methods(self) -> tuple[Path, ...]:
        """The folders of methods: the tree's own, those that the study names, and those of installed packages."""
        return (self.root / "methods", *(self.folder / place for place in self.params.methods), *installed_folders())

    def place_of(self, method: str) -> Path:
        """Find the folder of methods that holds a method."""
        return find_method(self.methods, method)

    def dataset(self, name: str) -> Path:
        """Make the path of a data set's folder."""
        return self.root / "data" / _part(name)

    def given(self, weights: str | None) -> Path | None:
        """Make the path of the weights that a row names, imported by the user (`pvdbench weights import`)."""
        return self.root / "data" / "given" / f"{weights}.safetensors" if weights else None

    def data(self, *parts: str) -> Path:
        """Make the path of a file or folder among the study's own data."""
        return self.folder.joinpath("data", *map(_part, parts))

    def motion_row(self, name: str) -> MotionRow:
        """Look up a row of `motion`."""
        return known_row(self.params.motion, name, "motion")

    def deblur_row(self, name: str) -> DeblurRow:
        """Look up a row of `deblur`."""
        return known_row(self.params.deblur, name, "deblur")

    def options(self, name: str) -> dict[str, Any]:
        """Merge what a row of `deblur` gives to its method: the options of method.yaml, the row's own in their place.

        Raises:
            ParamsError: if one is unknown or of another type.
        """
        row = self.deblur_row(name)
        where = f"params.yaml: deblur.{name}.options"
        return read_card(self.place_of(row.method), row.method).chosen(row.options, where)

    def network_params(self, name: str) -> NetworkParams:
        """Read the network of a row of `deblur`: as its given weights say, which are used as they are, else its keys.

        Raises:
            ParamsError: if the row has no network of PVDNet's kind.
            WeightsError: if its weights are missing or damaged.
        """
        row, given = self.deblur_row(name), self.given(self.deblur_row(name).weights)
        if row.network is not None and not (given and given.is_file()):
            return row.network
        header = load_weights(given)[1] if given else {}
        if "params" not in header:
            raise ParamsError(f"{self.folder / 'params.yaml'}: deblur.{name} has no pixel volume; name a row of pvdnet")
        return parse_params(given or self.folder, header["params"], NetworkParams)

    def is_upper_bound(self, name: str) -> bool:
        """Whether a row of `deblur` sees the truth: its method's card says so, or where that leaves it, its weights."""
        row = self.deblur_row(name)
        says = read_card(self.place_of(row.method), row.method).upper_bound
        if says != "by-weights":
            return says
        given = self.given(row.weights)
        known = row.network is not None or (given is not None and given.is_file())
        return known and self.network_params(name).volume == "ideal"

    def key(self, name: str, model: type[Model]) -> Model:
        """Read one more key of params.yaml.

        Raises:
            ParamsError: if it does not match the model.
        """
        value = getattr(self.params, name)
        return parse_params(Path(f"{self.folder / 'params.yaml'}: {name}"), value or {}, model)


def _part(name: str) -> str:
    """Refuse what is not one part of a path, such as `..`, wherever it comes from."""
    if not is_one_part(name):
        raise ParamsError(f"'{shorten(name, 60)}' is no name of a data set or a row; choose one from params.yaml")
    return name


def known_row(rows: dict[str, Row], name: str, key: str) -> Row:
    """Look up a row.

    Raises:
        ParamsError: if there is none of this name.
    """
    if name not in rows:
        raise ParamsError(f"params.yaml: {key}: no row '{shorten(name, 60)}'; choose from {choices(rows)}, or add it")
    return rows[name]


def load_rows(folder: Path) -> Rows[RowParams]:
    """Read the rows of a study, after a check of the whole study.

    Raises:
        PvdbenchError: as study.load_study, if there is a mistake anywhere in it.
    """
    check_whole(folder)
    return Rows(folder, read_params(folder / "params.yaml", RowParams))


def check_whole(folder: Path) -> None:
    """Stop where any key of params.yaml is wrong, unless this very params.yaml was found right before.

    The check decides whether a command runs, never what it computes: imported by name it is no part of the command's
    fingerprint, and within `dvc repro` the stage `code` has done it already.

    Raises:
        PvdbenchError: as study.load_study.
    """
    path, checked = folder / "params.yaml", folder / "data" / "logs" / "checked-params"
    now = file_sha256(path) if path.is_file() else ""
    if not now or not checked.is_file() or checked.read_text(encoding="utf-8") != now:
        import_module("pvdbench.study.study").load_study(folder)
        checked.parent.mkdir(parents=True, exist_ok=True)
        checked.write_text(now, encoding="utf-8")
