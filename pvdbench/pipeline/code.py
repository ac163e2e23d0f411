"""Fingerprints of the code that each stage and each row runs: an edit re-runs what it changes and no more."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pvdbench.contract.card import read_card
from pvdbench.contract.places import named_files
from pvdbench.core.files import replaced_folder
from pvdbench.pipeline.closure import TREE, closure, imports

STAGES: Mapping[str, tuple[str, ...]] = {
    "pretrain": ("pvdbench.training.motion",),
    "train-motion": ("pvdbench.training.motion",),
    "train-deblur": ("pvdbench.training.deblurring",),
    "flow": ("pvdbench.inference.warping", "pvdbench.contract.folder"),
    "deblur": ("pvdbench.inference.deblurring", "pvdbench.contract.folder"),
    "score-flow": ("pvdbench.protocols.warping",),
    "score-deblur": ("pvdbench.protocols.deblurring",),
    "score-volume": ("pvdbench.protocols.volume_statistics",),
    "tables": ("pvdbench.tables.build",),
    "figures": ("pvdbench.tables.figures",),
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


def record_starts(starts: Mapping[str, Path | None], out: Path) -> None:
    """Write out/ROW.json for every row: the hash of the given weights that its training starts from.

    Args:
        starts: "motion/NAME" or "deblur/NAME" to a weights file; one that is missing stops its own training alone.
    """
    with replaced_folder(out) as folder:
        for row, weights in starts.items():
            (folder / row).parent.mkdir(exist_ok=True)
            there = weights is not None and weights.is_file()
            _write(folder / f"{row}.json", {"given": _hashes([weights], weights.parent) if weights and there else {}})


def _hashes(files: Iterable[Path], folder: Path) -> dict[str, str]:
    return {os.path.relpath(path, folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _write(path: Path, record: Mapping[str, object]) -> None:
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
