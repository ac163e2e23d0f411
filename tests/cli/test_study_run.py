"""`pvdbench study run` as a command: what it refuses, in one line, and what it says that it would do."""

import re
import shutil

import pytest
from command import pvdbench_here
from conftest import ROOT


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--jobs", "2", "--scheduler", "tcp://localhost:1"], "exclude each other"),
        (["--jobs", "0"], "not in the range x>=1"),
        (["--slurm", "nowhere.yaml"], "does not exist"),
        (["--only", "nothing", "--dry-run"], "--only nothing: no such stage; name one, or one of these kinds: code, "),
        (["--study", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_run(arguments, said):
    done = pvdbench_here("study", "run", "--study", "smoke", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()[-1]) < 300


def test_outside_of_a_dvc_repository(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(ROOT / "studies" / "smoke", study, ignore=shutil.ignore_patterns("data", "reports"))
    done = pvdbench_here("study", "run", "--study", str(study))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_the_plan_names_every_stage_and_runs_none():
    done = pvdbench_here("study", "run", "--study", "paper", "--dry-run")
    assert done.returncode == 0, done.stderr
    runs = re.findall(r"^(?:runs|may run) +\S+  (\S+)$", done.stdout, re.MULTILINE)
    assert len(runs) > 100 and "train-deblur@edvr" in runs
    assert runs.index("data/dvc.yaml:su") < runs.index("deblur@su-bimc-pv")
    assert "the longest chain" in done.stdout
