"""What DVC says of a study, by its documented commands: its Python classes for stages and their state are private."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pvdbench.core.errors import StudyError


def stage_names(study: Path) -> list[str]:
    """List the stages of a study in the order of dvc.yaml, each as `dvc repro` takes it.

    Raises:
        StudyError: if DVC cannot read the study.
    """
    return _dvc(study, "stage", "list", "--name-only").split()


def changed_stages(study: Path) -> set[str]:
    """List the stages that are to run again; those that never ran are among them if any other did.

    Raises:
        StudyError: if DVC cannot read the study.
    """
    return set(stage_changes(study))


def stage_changes(study: Path) -> dict[str, list[Any]]:
    """Say why stages are to run again, as `dvc status` does: `changed command`, or kind of change to path to state.

    Raises:
        StudyError: if DVC cannot read the study.
    """
    return {name.rsplit(":", 1)[-1]: changes
            for name, changes in json.loads(_dvc(study, "status", "--json", "dvc.yaml")).items()}  # fmt: skip


def cache_folder(study: Path) -> Path:
    """Locate DVC's cache.

    Raises:
        StudyError: outside a DVC repository.
    """
    return study / _dvc(study, "cache", "dir").strip()


def _dvc(study: Path, *words: str) -> str:
    command = [sys.executable, "-m", "dvc", *words]
    done = subprocess.run(command, cwd=study, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0].removeprefix("ERROR: ")[:150].rstrip(".")
        remedy = "clone pvdbench with git, or run `dvc init`" if "repository" in reason else "mend that file"
        raise StudyError(f"{study}: DVC cannot read the study: {reason}; {remedy}")
    return done.stdout
