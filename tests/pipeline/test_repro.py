"""The pipeline itself: real `dvc repro` of studies/smoke in a temporary clone."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import networkx
import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.pipeline
BIN = Path(sys.executable).parent
TRACER = '''
"""Write down every file whose code runs as a module, in the stage's process and in those that it starts."""
import os, sys

words = next((sys.orig_argv[i + 1 :] for i, word in enumerate(sys.orig_argv) if word.endswith("pvdbench")), None)
if words is not None:
    os.environ.setdefault("TRACED_STAGE", " ".join(words))
if "TRACED_STAGE" in os.environ:
    log = os.open(os.environ["TRACE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(event, arguments):
        if event == "exec" and hasattr(arguments[0], "co_filename"):
            os.write(log, f"{os.environ['TRACED_STAGE']}\\t{arguments[0].co_filename}\\n".encode())

    sys.addaudithook(note)
'''


def run(clone: Path, *command: str, where: str = ".", **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the clone's pvdbench; more is added to its environment."""
    path = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": f"{clone}:{os.environ.get('PYTHONPATH', '')}"}
    environment = os.environ | path | more
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
    tracer = tmp_path_factory.mktemp("tracer")
    (tracer / "sitecustomize.py").write_text(TRACER)
    path = f"{folder}:{tracer}:{os.environ.get('PYTHONPATH', '')}"
    log = folder.parent / "trace.log"
    first = run(folder, "dvc", "repro", "studies/smoke/dvc.yaml", PYTHONPATH=path, TRACE_LOG=str(log))
    (folder.parent / "first.log").write_text(first.stdout)
    return folder


@pytest.fixture(scope="module")
def listed(clone):
    """The names of the study's stages."""
    return run(clone, "dvc", "stage", "list", "--name-only", where="studies/smoke").stdout.split()


@pytest.fixture(scope="module")
def scores(clone):
    """The score files of the first run."""
    folder = clone / "studies" / "smoke" / "data" / "scores"
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.csv")}


def test_the_first_run_makes_every_stage_and_no_other_data_set(clone, listed, scores):
    ran = stages_run((clone.parent / "first.log").read_text())
    assert sorted(ran) == sorted(["smoke", "code", *listed])  # code of the study, and code of the data sets
    assert not (clone / "data" / "sample").exists()
    assert len(scores) == 4 + 5 + 1  # motion, deblurring, volume


def test_study_run_makes_the_bytes_of_dvc_repro(clone, tmp_path_factory):
    """From nothing, by two workers: every result and every record; then there is nothing to do, for DVC neither."""
    beside = tmp_path_factory.mktemp("beside") / "pvdbench"
    left_out = shutil.ignore_patterns("cache", "rendering", "__pycache__")
    shutil.copytree(clone, beside, ignore=left_out, symlinks=True)
    for made in ("studies/smoke/data", "studies/smoke/reports", "data/smoke"):
        shutil.rmtree(beside / made)
    run(beside, "pvdbench", "study", "run", "--study", "smoke", "--jobs", "2")
    for lock in ("studies/smoke/dvc.lock", "data/dvc.lock"):
        one, other = (yaml.safe_load((folder / lock).read_text())["stages"] for folder in (clone, beside))
        assert one == other
    compared = 0
    for kind in ("weights", "training", "motion", "deblur", "complexity", "truth", "scores", "../reports/tables"):
        for path in (clone / "studies" / "smoke" / "data" / kind).rglob("*"):
            if path.is_file():
                assert path.read_bytes() == (beside / path.relative_to(clone)).read_bytes(), path
                compared += 1
    assert compared > 150
    assert not stages_run(run(beside, "dvc", "repro", "studies/smoke/dvc.yaml").stdout)
    again = run(beside, "pvdbench", "study", "run", "--study", "smoke").stdout
    assert again.startswith("ran 0 stages")


def test_every_file_that_a_stage_runs_is_in_its_record(clone, listed, scores):
    """Whatever Python ran as a module, in the stage's process or in its method's, is hashed in what DVC compares."""
    ran: dict[str, set[str]] = {}
    for line in (clone.parent / "trace.log").read_text().splitlines():
        words, file = line.split("\t")
        if file.startswith(f"{clone}/"):
            ran.setdefault(words, set()).add(Path(file).resolve().relative_to(clone.resolve()).as_posix())
    study = clone / "studies" / "smoke"
    stages = yaml.safe_load((study / "dvc.lock").read_text())["stages"]
    assert len(listed) > 30
    for name in listed:
        stage = stages[name]
        files = ran[stage["cmd"].removeprefix("pvdbench ")]
        assert len(files) > 20, name
        if name.startswith(("motion@", "deblur@")):
            assert any(file.startswith("methods/") for file in files), name
        if name != "code":
            assert {file for file in files if not _is_door(clone, file)} <= _recorded(study, stage), name


def _is_door(clone: Path, file: str) -> bool:
    """The modules that gather commands and names, of which a record has the one command; packages without code.

    The guard of every command, too: it computes nothing, and an edit of it shall train nothing again.
    """
    guard = "pvdbench/methods/guarded_command.py", "pvdbench/methods/process_tree.py"
    door = file.startswith("pvdbench/cli/") or file in ("pvdbench/__init__.py", "pvdbench/__main__.py", *guard)
    return door or (file.endswith("__init__.py") and len(ast.parse((clone / file).read_text()).body) == 1)


def _recorded(study: Path, stage: dict) -> set[str]:
    """The files that the record of a stage names, by their path from the repository's top."""
    names = set()
    for path in (dep["path"] for dep in stage["deps"] if re.match(r"data/code/.*json", dep["path"])):
        record = json.loads((study / path).read_text())
        names |= {*record["code"], *record.get("imports", {})}
        names |= {os.path.normpath(f"methods/{record['method']}/{file}") for file in record.get("files", {})}
    return names


def test_the_report_stands_with_all_it_shows(clone):
    reports = clone / "studies" / "smoke" / "reports"
    page = (reports / "index.html").read_text()
    shown = re.findall(r'(?:src|href)="([^":#]+)"', page)
    assert len(shown) > 10 and all((reports / name).exists() for name in shown)
    assert run(clone, "git", "rev-parse", "HEAD").stdout.strip()[:7] in page


def test_a_second_run_runs_nothing(clone, scores):
    again = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    assert stages_run(again.stdout) == []


def test_a_study_that_gave_the_same_again_leaves_nothing_to_commit_and_says_so(clone, listed, scores):
    study = "studies/smoke"
    run(clone, "git", "add", "-A")  # the locks, which another machine may have left otherwise
    run(clone, "git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "locks", "--allow-empty")
    total = len(listed) + 1  # and the data set's
    said = run(clone, "pvdbench", "verify", "--against", "HEAD", where=study).stdout
    assert said.startswith(f"equal to HEAD: {total} of {total} stages reproduce dvc.lock; ") and said.count("\n") == 1
    said = run(clone, "pvdbench", "verify", "--sample", "1", where=study).stdout
    assert said.startswith("equal: all files are those of dvc.lock")
    stages = ["deblur@smoke-input", "tables", "report"]
    assert stages_run(run(clone, "dvc", "repro", "--force", "--single-item", *stages, where=study).stdout) == stages
    run(clone, "pvdbench", "report", where=study)
    assert stages_run(run(clone, "dvc", "repro", f"{study}/dvc.yaml").stdout) == []
    assert run(clone, "git", "status", "--short").stdout == ""
    lock = clone / study / "dvc.lock"
    text = lock.read_text()
    (figures,) = (out for out in yaml.safe_load(text)["stages"]["figures"]["outs"] if out["path"] == "reports/figures")
    lock.write_text(text.replace(figures["md5"], "f" * 32))
    said = run(clone, "pvdbench", "verify", "--against", "HEAD", where=study).stdout
    differing = "  figures: reports/figures\n  report: reports/figures\n"  # one as its output, one as its dependency
    assert said.startswith(f"equal in every number to HEAD: {total - 2} of {total} stages") and said.endswith(differing)
    lock.write_text(text)
    assert run(clone, "git", "status", "--short").stdout == ""


def test_rows_that_train_nothing_wait_for_no_training(clone):
    shown = run(clone, "dvc", "dag", "--dot", where="studies/smoke").stdout
    graph = networkx.DiGraph(re.findall(r'"(.+)" -> "(.+)";', shown))

    def before(stage):
        return " ".join(networkx.ancestors(graph, stage))

    assert "pretrain" in before("train-motion@bimnet")
    for stage in ("train-motion@static", "motion@smoke-tvl1", "deblur@smoke-input", "train-deblur@baseline"):
        assert "code" in before(stage) and "pretrain" not in before(stage), stage


def test_a_remote_brings_everything_back_but_the_report(clone, scores, tmp_path):
    study, whole = "studies/smoke/dvc.yaml", "studies/smoke/dvc.yaml:report"
    run(clone, "dvc", "remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    run(clone, "dvc", "push", "--with-deps", whole)
    for made in (".dvc/cache", "studies/smoke/data", "studies/smoke/reports", "data/smoke", "data/rendering"):
        shutil.rmtree(clone / made)
    run(clone, "dvc", "pull", "--with-deps", whole)
    assert stages_run(run(clone, "dvc", "repro", study).stdout) == ["report"]  # this machine's own, of what came back
    back = clone / "studies" / "smoke" / "data" / "scores"
    assert {path: (back / path).read_bytes() for path in scores} == scores


def test_a_touched_method_runs_its_own_stages_and_what_shows_them(clone, scores):
    adapter = clone / "methods" / "tvl1" / "adapter.py"
    adapter.write_text(adapter.read_text() + "# touched\n")
    again = run(clone, "dvc", "repro", "studies/smoke/dvc.yaml")
    # the flow comes out the same, so nothing is scored or printed again; the report shows the method's files
    assert sorted(stages_run(again.stdout)) == ["code", "motion@smoke-tvl1", "report"]


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
    stages = ["train-deblur@bimc-pv", "deblur@smoke-bimc-pv", "score-deblur@smoke-bimc-pv"]
    again = run(clone, "dvc", "repro", "--force", "--single-item", *stages, where="studies/smoke")
    assert stages_run(again.stdout) == stages
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
        assert done.returncode != 0 and "no method 'static' with a method.yaml is there" in done.stdout + done.stderr
    finally:
        (clone / "kept").rename(clone / "methods" / "static")
