"""The command in a process of its own, and what tests of it ask of a study."""

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock

import yaml
from conftest import ROOT


def pvdbench(*arguments, cwd=ROOT):
    code = "from pvdbench.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def pvdbench_here(*arguments, cwd=ROOT):
    """The same in this process, which has imported torch already: for commands that only read, or end in an error."""
    from pvdbench.cli.main import main

    words = ["pvdbench", *map(str, arguments)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with mock.patch.object(sys, "argv", words), contextlib.chdir(cwd), streams[0], streams[1]:
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def edit(study, change):
    params = yaml.safe_load((study / "params.yaml").read_text())
    change(params)
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def files(folder):
    """Every file below folder, but for Git's, bytecode and data/logs, which no result is in."""
    left_out = {".git", "logs", "__pycache__"}
    paths = (path for path in folder.rglob("*") if path.is_file() and not left_out & {*path.parts})
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def one_line(run):
    """The error's one line; a progress bar may have been begun before it."""
    assert run.returncode == 2, run.stderr
    lines = [line for line in run.stderr.strip().splitlines() if "%|" not in line]
    assert len(lines) == 1 and lines[0].startswith("pvdbench: "), run.stderr
    return lines[0]
