"""The pipeline itself: real `dvc repro` of studies/smoke in a temporary clone."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.pipeline
BIN = Path(sys.executable).parent


def run(clone: Path, *command: str, where: str = ".") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(clone)}
    done = subprocess.run(command, cwd=clone / where, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(?:.*dvc\.yaml:)?([^']+)'", output)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of the working tree as it is, the smoke study run once in it by plain `dvc repro`."""
    folder = tmp_path_factory.mktemp("clone") / "pvdbench"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\n")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all"],
    ):
        run(folder, "git", *command)
    first = run(folder, "dvc", "repro", "studies/smoke/dvc.yaml")
    (folder / "first.log").write_text(first.stdout)
    return folder


@pytest.fixture(scope="module")
def scores(clone):
    """The score files of the first run."""
    folder = clone / "studies" / "smoke" / "data" / "scores"
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.csv")}


def test_the_first_run_makes_every_stage_and_no_other_data_set(clone, scores):
    ran = stages_run((clone / "first.log").read_text())
    listed = run(clone, "dvc", "stage", "list", "--name-only", where="studies/smoke").stdout.split()
    assert sorted(ran) == sorted(["smoke", *listed])
    assert not (clone / "data" / "sample").exists()
    assert len(scores) == 4 + 5 + 5 + 1  # flow, deblurring, steadiness, volume


def test_the_report_stands_with_all_it_shows(clone):
    reports = clone / "studies" / "smoke" / "reports"
    page = (reports / "index.html").read_text()
    shown = re.findall(r'(?:src|href)="([^":#]+)"', page)
    assert len(shown) > 10 and all((reports / name).exists() for name in shown)
    assert run(clone, "git", "rev-parse", "HEAD").stdout.strip()[:7] in page


def test_a_second_run_runs_nothing(clone, scores):
    again = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    assert stages_run(again.stdout) == []


def test_a_remote_brings_everything_back_and_nothing_runs_again(clone, scores, tmp_path):
    study, whole = "studies/smoke/dvc.yaml", "studies/smoke/dvc.yaml:report"
    run(clone, "dvc", "remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    run(clone, "dvc", "push", "--with-deps", whole)
    for made in (".dvc/cache", "studies/smoke/data", "studies/smoke/reports", "data/smoke", "data/rendering"):
        shutil.rmtree(clone / made)
    run(clone, "dvc", "pull", "--with-deps", whole)
    assert stages_run(run(clone, "dvc", "repro", study).stdout) == []
    back = clone / "studies" / "smoke" / "data" / "scores"
    assert {path: (back / path).read_bytes() for path in scores} == scores


def test_a_touched_method_runs_its_own_stages_and_what_shows_them(clone, scores):
    adapter = clone / "methods" / "tvl1" / "adapter.py"
    adapter.write_text(adapter.read_text() + "# touched\n")
    again = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    # the flow comes out the same, so it is not scored again; its milliseconds do not, so tables and report follow
    assert sorted(stages_run(again.stdout)) == ["code", "motion@smoke-tvl1", "report", "tables"]


def test_a_changed_method_is_scored_again(clone, scores):
    adapter = clone / "methods" / "tvl1" / "adapter.py"
    text = adapter.read_text()
    adapter.write_text(text.replace("np.stack((x, y))", "np.stack((x, y + 1))"))
    again = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    assert sorted(stages_run(again.stdout)) == [
        "code", "figures", "motion@smoke-tvl1", "report", "score-motion@smoke-tvl1", "tables",
    ]  # fmt: skip
    changed = (clone / "studies/smoke/data/scores/motion/smoke/tvl1.csv").read_bytes()
    assert changed != scores[Path("motion/smoke/tvl1.csv")]
    adapter.write_text(text)


def test_training_again_from_nothing_gives_the_same_bytes(clone, scores):
    again = run(clone, "dvc", "repro", "--force", "--single-item", "pretrain", where="studies/smoke")
    assert stages_run(again.stdout) == ["pretrain"]
    rest = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    assert not [stage for stage in stages_run(rest.stdout) if stage.startswith("train")], "the weights were other bytes"
    for stage in ("train-deblur@bimc-pv", "deblur@smoke-bimc-pv", "score-deblur@smoke-bimc-pv"):
        run(clone, "dvc", "repro", "--force", "--single-item", stage, where="studies/smoke")
    path = Path("deblur/smoke/bimc-pv.csv")
    assert (clone / "studies/smoke/data/scores" / path).read_bytes() == scores[path]


def test_dvcs_own_commands_work(clone, scores):
    assert "train-deblur@bimc-pv" in run(clone, "dvc", "dag", "--dot", where="studies/smoke").stdout
    metrics = json.loads(run(clone, "dvc", "metrics", "show", "--json", where="studies/smoke").stdout)
    assert "bimc-pv" in json.dumps(metrics)
    run(clone, "dvc", "plots", "show", "-o", "plots", where="studies/smoke")
    page = (clone / "studies" / "smoke" / "plots" / "index.html").read_text()
    assert "vegaEmbed" in page and "<script src" not in page


def test_an_experiment_changes_one_parameter_and_runs_what_follows(clone, scores):
    tables = "studies/smoke/params.yaml:tables.percent=20"
    done = run(clone, "dvc", "exp", "run", "-S", tables, "studies/smoke/dvc.yaml:tables")
    assert stages_run(done.stdout) == ["tables"]


def test_methods_that_are_gone_stop_the_run_with_one_line(clone, scores):
    (clone / "methods" / "static").rename(clone / "kept")
    try:
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(clone)}
        done = subprocess.run(["dvc", "repro", "studies/smoke/dvc.yaml"], cwd=clone, env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert (
            done.returncode != 0 and "methods/static: expected a method with method.yaml" in done.stdout + done.stderr
        )
    finally:
        (clone / "kept").rename(clone / "methods" / "static")
