"""data/code: what each stage of dvc.yaml, and each row of it, runs and is told; DVC runs a stage whose record changes.

STAGE.json holds the fingerprint of the stage's command. STAGE/ROW.json, for stages that train or run a method, adds
what this row uses and no other row's: the method's files, the effective recipe or options, imported weights.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pvdbench.core.errors import StudyError
from pvdbench.core.whole_file import read_bytes
from pvdbench.core.yaml_file import load_yaml
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.checksum import file_sha256
from pvdbench.io.weights import save_weights
from pvdbench.methods.card import MethodCard, Task, named_files, read_card
from pvdbench.study.fingerprints import (
    TREE,
    CommandFunction,
    command_fingerprint,
    file_hashes,
    imported_files,
    imports,
    package_files,
    relative_imports,
)
from pvdbench.study.rows import check_whole
from pvdbench.study.study import Study
from pvdbench.training.params import Recipe

FindCommand = Callable[[list[str]], CommandFunction]
"""From the words of a command line after `pvdbench` to the function that runs."""

_Record = dict[str, object]


def record_code(study: Study, find_command: FindCommand) -> None:
    """Write data/code, and data/weights/start for the rows of `motion` that do not start from the pre-trained network.

    Raises:
        StudyError: if the study has no dvc.yaml or it cannot be read.
        MethodError: if a method is not there.
    """
    check_whole(study.folder)  # and say so to the stages that follow
    with replaced_folder(study.data("code")) as folder:
        write_records(study, find_command, folder)
    _write_starts(study)


def write_records(study: Study, find_command: FindCommand, folder: Path) -> None:
    """Write the record of every stage and row into a folder.

    Raises:
        StudyError: if the study has no dvc.yaml or it cannot be read.
        MethodError: if a method is not there.
    """
    for stage, words in stage_commands(study.folder / "dvc.yaml").items():
        command = find_command(words)
        if (record_row := _ROW_RECORDS.get(stage)) is None:
            _write(folder / f"{stage}.json", _told(study, stage) | command_fingerprint(command))
        else:
            for row in study.params.motion if stage.endswith("motion") else study.params.deblur:
                _write(folder / stage / f"{row}.json", record_row(study, row, command))


def _told(study: Study, stage: str) -> _Record:
    """What a stage without rows is told beside its code and its params of dvc.yaml."""
    if stage == "tables":
        return {"upper_bounds": study.upper_bounds}  # tables mark the rows that see the truth, as a card may say
    return _processes(study, study.params.training.motion.pretrain) if stage == "pretrain" else {}


def _processes(study: Study, recipe: Recipe | None) -> _Record:
    """How many processes share each batch, which changes how sums round; nothing of where they run."""
    count = study.processes(recipe).count
    return {"processes": count} if count > 1 else {}


def stage_commands(pipeline: Path) -> dict[str, list[str]]:
    """Read the words after `pvdbench` of the command of each stage that depends on a record of its own.

    Raises:
        StudyError: if dvc.yaml is missing or damaged.
    """
    try:
        written = load_yaml(read_bytes(pipeline))["stages"]
        stages = {name: stage.get("do", stage) for name, stage in written.items()}
        return {
            name: str(stage["cmd"]).split()[1:]
            for name, stage in stages.items()
            if any(dep.startswith((f"data/code/{name}.json", f"data/code/{name}/")) for dep in stage["deps"])
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{pipeline}: no stages with commands ({type(error).__name__}); copy the root's dvc.yaml"
        ) from error


def _train_motion(study: Study, name: str, command: CommandFunction) -> _Record:
    row, training = study.motion_row(name), study.params.training.motion
    kind = study.motion_training(name)
    settings: _Record = {"row": row.model_dump(), "recipe": row.finetune and training.finetune.model_dump()}
    settings |= _processes(study, study.trained_by("motion", name))
    return _trained(study, command, kind, {} if kind == "nothing" else settings, row.weights)


def _train_deblur(study: Study, name: str, command: CommandFunction) -> _Record:
    row = study.deblur_row(name)
    kind = study.deblur_training(name)
    if kind == "pvdnet":
        assert row.network is not None
        recipe = study.sequence_recipe(name)
        settings: _Record = {"network": row.network.model_dump(), "recipe": recipe.model_dump()}
        return _trained(study, command, kind, settings | _processes(study, recipe), None)
    if kind == "competitor":
        own = study.recipe(name)
        assert own is not None
        settings = {"options": study.options(name), "recipe": own.model_dump()} | _processes(study, own)
        code = method_code(study.place_of(row.method) / row.method, trained=True)
        return _trained(study, command, kind, settings, None) | {"method": row.method} | code
    return _trained(study, command, kind, {}, row.weights)


def _trained(study: Study, command: CommandFunction, kind: str, settings: _Record, weights: str | None) -> _Record:
    given = study.given(weights)
    files = [given] if given and given.is_file() else []
    record = {"training": kind, "settings": settings, "given": {path.name: file_sha256(path) for path in files}}
    return record | command_fingerprint(command, choice=kind)


def _run_method(task: Task, study: Study, name: str, command: CommandFunction) -> _Record:
    method = (study.motion_row(name) if task == "motion" else study.deblur_row(name)).method
    folder = study.place_of(method) / method
    card = read_card(folder.parent, method)
    options = study.options(name) if task == "deblur" else {}
    record: _Record = {"method": method, "card": card.model_dump(), "options": options}
    return record | method_code(folder) | command_fingerprint(command)


_ROW_RECORDS: Mapping[str, Callable[[Study, str, CommandFunction], _Record]] = {
    "train-motion": _train_motion,
    "train-deblur": _train_deblur,
    "motion": partial(_run_method, "motion"),
    "deblur": partial(_run_method, "deblur"),
}


def method_code(folder: Path, *, trained: bool = False) -> _Record:
    """Hash the files of a method, those of the method whose adapter it borrows, and what they import.

    Of pvdbench that is what the imports lead to; of the installed package that brings the method, all of it.

    Args:
        folder: the method's.
        trained: leave out method.yaml, whose options and recipe the record has, and adapter.py, which says how the
            method runs and not how it is trained, if network.py does not import it.
    """
    files = _method_files(folder, read_card(folder.parent, folder.name))
    if trained:
        files = {path for path in files if path.name != "method.yaml"}
        if not any("adapter" in relative_imports(path) for path in files if path.suffix == ".py"):
            files = {path for path in files if path.name != "adapter.py"}
    files |= package_files(folder, files)
    modules = [module for path in files if path.suffix == ".py" for module in imports(path)]
    return {"files": file_hashes(files, folder), "imports": file_hashes(imported_files(modules), TREE)}


def _method_files(folder: Path, card: MethodCard) -> set[Path]:
    lender = (folder / card.adapter).parent
    folders = {folder} if lender.resolve() == folder.resolve() or not lender.is_dir() else {folder, lender}
    own = {path for place in folders for path in place.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return own | named_files(folder, card)


def _write_starts(study: Study) -> None:
    """Write what rows start from that do not wait for `pretrain`: a file of no weights for each such `network`."""
    for network in ("none", "flownet2"):
        path = study.data("weights", "start", f"{network}.safetensors")
        save_weights(path, {}, {"network": None, "method": network})


def _write(path: Path, record: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
