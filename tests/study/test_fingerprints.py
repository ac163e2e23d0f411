"""dvc.yaml against the code: every stage depends on the fingerprint of what it runs."""

import ast
import json
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from pvdbench.study.fingerprints import STAGES as ENTRIES
from pvdbench.study.fingerprints import Start, closure, record_rows, record_stages, record_starts

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
RENDERER = "pvdbench.datasets.rendered.render"
CARD = "label: x\ntask: deblur\ncitation: c\n"


def names(modules, tree=ROOT):
    return {path.relative_to(tree).as_posix() for path in closure(modules, tree)}


@pytest.mark.parametrize("name", [name for name in STAGES if name != "code"])
def test_a_stage_depends_on_the_fingerprint_of_its_code(name):
    deps = STAGES[name].get("do", STAGES[name])["deps"]
    assert [dep for dep in deps if dep.startswith("data/code")] == [f"data/code/{name}.json"]
    if name in ("motion", "deblur"):
        task = name
        assert f"data/methods/{task}/${{item.row}}.json" in deps


def test_every_stage_has_an_entry_that_is_there():
    assert set(STAGES) == {"code", *ENTRIES}
    for modules in ENTRIES.values():
        assert all(names([module]) for module in modules)


def test_data_sets_depend_on_the_renderer():
    stages = yaml.safe_load((ROOT / "data" / "dvc.yaml").read_text())["stages"]
    for name in ("sample", "smoke"):
        assert set(stages[name]["deps"]) == {f"../{path}" for path in names([RENDERER])}


@pytest.mark.parametrize("name", [n for n in ENTRIES if n.startswith(("score", "tables", "figures", "report"))])
def test_scores_tables_and_report_never_see_a_network(name):
    networks = ("pvdbench/inference", "pvdbench/training", "pvdbench/networks")
    recipes = {"pvdbench/training/recipes.py"}  # numbers alone, against which the report holds a study's own
    assert not [path for path in names(ENTRIES[name]) - recipes if path.startswith(networks)]


def test_studies_run_over_equal_copies_of_the_pipeline():
    copies = list(ROOT.glob("studies/*/dvc.yaml"))
    assert {path.parent.name for path in copies} >= {"smoke", "paper"}
    assert {path.read_bytes() for path in copies} == {(ROOT / "dvc.yaml").read_bytes()}


def test_package_docstrings_hold_no_code_that_the_closure_would_miss():
    for path in ROOT.glob("pvdbench/**/__init__.py"):
        assert len(ast.parse(path.read_text()).body) == 1, path


def test_closure_follows_imports_inside_functions_and_takes_what_lies_beside(tmp_path):
    for name, text in {
        "one/a.py": "def f():\n    from pvdbench.one import b\n",
        "one/b.py": "import pvdbench.two.c\nimport json\n",
        "two/c.py": "",
        "two/other.py": "",
        "two/templates/page.html": "",
    }.items():
        (tmp_path / "pvdbench" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pvdbench" / name).write_text(text)
    expected = ("one/a.py", "one/b.py", "two/c.py", "two/templates/page.html")
    assert names(["pvdbench.one.a"], tmp_path) == {f"pvdbench/{name}" for name in expected}


def test_every_stage_is_recorded_with_the_files_that_it_runs(tmp_path):
    record_stages(tmp_path / "code")
    records = {path.stem: json.loads(path.read_text())["files"] for path in (tmp_path / "code").iterdir()}
    assert set(records) == set(ENTRIES)
    assert "pvdbench/training/loop.py" in records["train-motion"] and "pvdbench/cli/main.py" not in records["tables"]
    assert any(name.startswith("pvdbench/report/templates/") for name in records["report"])


def test_an_edited_method_changes_the_fingerprint_of_its_rows_alone(tmp_path):
    for name in ("x", "y"):
        (tmp_path / "methods" / name).mkdir(parents=True)
        (tmp_path / "methods" / name / "method.yaml").write_text(CARD)
    adapter = tmp_path / "methods" / "x" / "adapter.py"
    adapter.write_text("from pvdbench.core import warp\n")
    rows = {"deblur/one": "x", "deblur/two": "x", "motion/three": "y"}

    def record(out):
        record_rows(rows, dict.fromkeys(("x", "y"), tmp_path / "methods"), out)
        return {path.stem: path.read_bytes() for path in out.rglob("*.json")}

    before = record(tmp_path / "before")
    assert "pvdbench/core/warp.py" in json.loads(before["one"])["imports"]
    adapter.write_text("a = 2")
    after = record(tmp_path / "after")
    assert {row for row in before if before[row] != after[row]} == {"one", "two"}


def test_training_starts_from_given_weights_and_the_methods_own_network(tmp_path):
    method = tmp_path / "methods" / "x"
    method.mkdir(parents=True)
    (method / "method.yaml").write_text(CARD + "training: {steps: 1}\n")
    (tmp_path / "given").write_bytes(b"1")
    for name in ("network.py", "adapter.py"):
        (method / name).write_text("import torch\n")

    def record():
        starts = {"deblur/own": Start(None, method), "deblur/given": Start(tmp_path / "given", None),
                  "motion/gone": Start(tmp_path / "not there", None)}  # fmt: skip
        record_starts(starts, tmp_path / "out")
        return {path.stem: path.read_bytes() for path in (tmp_path / "out").rglob("*.json")}

    before = record()
    assert set(before) == {"own", "given", "gone"}
    assert "pvdbench/training/competitors.py" in json.loads(before["own"])["imports"]
    (method / "adapter.py").write_text("import numpy\n")
    assert record() == before  # how it runs is no part of how it was trained
    (method / "network.py").write_text("import numpy\n")
    (tmp_path / "given").write_bytes(b"2")
    after = record()
    assert {row for row in before if before[row] != after[row]} == {"own", "given"}


def test_nothing_is_tracked_by_analytics():
    config = (ROOT / ".dvc" / "config").read_text()
    assert "analytics = false" in config and "check_update = false" in config
    assert (ROOT / ".dvc" / "plots" / "offline.html").exists()


def test_the_offline_plot_page_names_no_host():
    page = (ROOT / ".dvc" / "plots" / "offline.html").read_text()
    assert "{plot_divs}" in page and "<script src" not in page and Path(ROOT, ".dvc/plots").is_dir()
