"""The command in a process of its own, and what tests of it ask of a study."""

import os
import subprocess
import sys

import yaml
from conftest import ROOT


def pvdbench(*arguments, cwd=ROOT):
    code = "from pvdbench.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def edit(study, change):
    params = yaml.safe_load((study / "params.yaml").read_text())
    change(params)
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts}


def one_line(run):
    """The error's one line; a progress bar may have been begun before it."""
    assert run.returncode == 2, run.stderr
    lines = [line for line in run.stderr.strip().splitlines() if "%|" not in line]
    assert len(lines) == 1 and lines[0].startswith("pvdbench: "), run.stderr
    return lines[0]
