"""Parts of the command itself: how long it takes to start, and a study in which nothing is left to do."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pvdbench.bench.part import NotMeasuredError, Part, Setting, Work

_FINISHED = re.compile(r"^0 stages run, 0 may run after them", re.MULTILINE)
_EVERYTHING = """
import contextlib, importlib, pkgutil, pvdbench
for module in pkgutil.walk_packages(pvdbench.__path__, "pvdbench."):
    with contextlib.suppress(ImportError):
        importlib.import_module(module.name)
"""
"""Imports every module at once, as a program does that defers no import; what an extra lacks is passed over."""


def command_parts() -> list[Part]:
    """List them."""
    return [
        Part("start-up", "`pvdbench --help`", _start_up, _every_import, ""),
        Part("no-op-study", "`pvdbench study run` where all is up to date", _no_op_study, _no_op_dvc, ""),
    ]


def _start_up(setting: Setting) -> Work:
    return Work(_command(setting.folder, sys.executable, "-m", "pvdbench", "--help"), moved=0)


def _every_import(setting: Setting) -> Work:
    return Work(_command(setting.folder, sys.executable, "-c", _EVERYTHING), moved=0)


def _no_op_study(setting: Setting) -> Work:
    """Measured by this version alone: to another one its own code is a change, and stages would run again."""
    if setting.another:
        raise NotMeasuredError("another version would run the stages again")
    _require_finished(setting.study)
    return Work(_command(setting.study, sys.executable, "-m", "pvdbench", "study", "run"), moved=0)


def _no_op_dvc(setting: Setting) -> Work:
    _require_finished(setting.study)
    return Work(_command(setting.study, sys.executable, "-m", "dvc", "repro"), moved=0)


def _require_finished(study: Path) -> None:
    look = subprocess.run([sys.executable, "-m", "pvdbench", "study", "run", "--dry-run"], cwd=study,
                          env=_environment(), capture_output=True, encoding="utf-8", check=False)  # fmt: skip
    if not _FINISHED.search(look.stdout):
        raise NotMeasuredError(f"{study} holds no finished study; start this in one, after `pvdbench study run`")


def _command(folder: Path, *words: str) -> Callable[[], None]:
    def call() -> None:
        done = subprocess.run(words, cwd=folder, env=_environment(), capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
            raise NotMeasuredError(f"`{' '.join(words[1:4])}` ended with {done.returncode} ({last})")

    return call


def _environment() -> dict[str, str]:
    """Run the package that this process runs."""
    import pvdbench

    return os.environ | {"PYTHONPATH": str(Path(pvdbench.__file__).parents[1])}
