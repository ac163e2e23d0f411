"""Fingerprints of the code that each stage and each row runs: an edit re-runs what it changes and no more."""

import ast
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pvdbench
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.checksum import file_sha256
from pvdbench.methods.card import read_card
from pvdbench.methods.card_files import named_files

TREE = Path(pvdbench.__file__).parents[1]
"""The folder that holds the package that runs."""


def closure(modules: Iterable[str], tree: Path = TREE) -> set[Path]:
    """Files of pvdbench that modules import, themselves included; package docstrings are left out.

    Files beside modules that are no modules (a report's templates) belong to every module of their package.

    Args:
        modules: dotted names; those that are no modules of pvdbench are passed over.
        tree: the folder that holds pvdbench/.
    """
    todo, found = list(modules), set[Path]()
    while todo:
        path = tree / (todo.pop().replace(".", "/") + ".py")
        if path.exists() and path not in found:
            found.add(path)
            todo += imports(path)
    return found.union(*(_data_files(folder) for folder in {path.parent for path in found}))


def imports(path: Path) -> list[str]:
    """What a Python file imports of pvdbench, also inside functions: `from a import b` may mean a or a.b."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pvdbench"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("pvdbench")]
    return names


def _data_files(package: Path) -> set[Path]:
    return {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}


STAGES: Mapping[str, tuple[str, ...]] = {
    "pretrain": ("pvdbench.training.motion",),
    "train-motion": ("pvdbench.training.motion",),
    "train-deblur": ("pvdbench.training.deblur",),
    "motion": ("pvdbench.inference.motion", "pvdbench.methods.loading"),
    "deblur": ("pvdbench.inference.deblur", "pvdbench.methods.loading"),
    "qualitative": ("pvdbench.inference.deblur", "pvdbench.methods.loading"),
    "score-motion": ("pvdbench.scoring.dataset",),
    "score-deblur": ("pvdbench.scoring.dataset",),
    "score-volume": ("pvdbench.scoring.pixel_volume",),
    "tables": ("pvdbench.tables.build",),
    "figures": ("pvdbench.figures.build",),
    "report": ("pvdbench.report.build",),
}
"""The modules whose functions a stage's command calls; the command itself parses and passes on."""


def record_stages(out: Path) -> None:
    """Write out/STAGE.json for every stage: the SHA-256 of the files of pvdbench that it runs."""
    with replaced_folder(out) as folder:
        for stage, modules in STAGES.items():
            _write(folder / f"{stage}.json", {"files": _hashes(closure(modules), TREE)})


def record_rows(rows: Mapping[str, str], places: Mapping[str, Path], out: Path) -> None:
    """Write out/ROW.json for every row: its method, the method's card, its files and what these import of pvdbench.

    Args:
        rows: "motion/NAME" or "deblur/NAME" to method name.
        places: method name to the folder that holds it.

    Raises:
        MethodError: if a method is not there.
        ParamsError: if a method.yaml has an unknown key or a wrong type.
    """
    with replaced_folder(out) as folder:
        for row, name in rows.items():
            card, folder_of = read_card(places[name], name), places[name] / name
            files = {path for path in folder_of.rglob("*") if path.is_file() and path.suffix != ".pyc"}
            files |= named_files(folder_of, card)
            imported = closure(module for path in files if path.suffix == ".py" for module in imports(path))
            (folder / row).parent.mkdir(exist_ok=True)
            hashes = {"files": _hashes(files, folder_of), "imports": _hashes(imported, TREE)}
            _write(folder / f"{row}.json", {"method": name, "card": card.model_dump(), **hashes})


@dataclass(frozen=True)
class Start:
    """What the training of a row begins with, beside what its stage depends on anyway.

    Attributes:
        given: the file of weights that it names; one that is missing stops its own training alone.
        method: the folder of its method, if that brings a network that the training loop trains.
    """

    given: Path | None
    method: Path | None


def record_starts(starts: Mapping[str, Start], out: Path) -> None:
    """Write out/ROW.json for every row: the hash of its given weights, and the code of its method's network.

    Args:
        starts: by "motion/NAME" or "deblur/NAME".
    """
    with replaced_folder(out) as folder:
        for row, start in starts.items():
            (folder / row).parent.mkdir(exist_ok=True)
            given = [start.given] if start.given and start.given.is_file() else []
            record: dict[str, object] = {"given": {path.name: file_sha256(path) for path in given}}
            _write(folder / f"{row}.json", record | (_network_code(start.method) if start.method else {}))


def _network_code(method: Path) -> dict[str, object]:
    """The files of a method but its adapter, what they import, and the loop's side of it; the recipe of its card."""
    files = {path for path in method.glob("*.py") if path.name != "adapter.py"}
    modules = ["pvdbench.training.competitors", "pvdbench.methods.loading"]
    imported = closure([*modules, *(module for path in files for module in imports(path))])
    card = read_card(method.parent, method.name)
    return {"files": _hashes(files, method), "imports": _hashes(imported, TREE), "training": card.training}


def _hashes(files: Iterable[Path], folder: Path) -> dict[str, str]:
    return {os.path.relpath(path, folder): file_sha256(path) for path in files}


def _write(path: Path, record: Mapping[str, object]) -> None:
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
