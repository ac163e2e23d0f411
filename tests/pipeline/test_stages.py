"""dvc.yaml against the code: what each stage says it depends on is what it runs."""

import ast
from pathlib import Path

import pytest
import yaml
from closure import ENTRIES, RENDERER, ROOT, closure, stage_code

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_are_the_import_closure(name):
    stage = STAGES[name].get("do", STAGES[name])
    found = {dep.removeprefix("${root}/") for dep in stage["deps"] if dep.startswith("${root}/pvdbench/")}
    expected = stage_code(name) | ({"pvdbench/report/templates"} if name == "report" else set())
    assert found == expected, f"in dvc.yaml only: {sorted(found - expected)}; missing there: {sorted(expected - found)}"


def test_data_sets_depend_on_the_renderer():
    stages = yaml.safe_load((ROOT / "data" / "dvc.yaml").read_text())["stages"]
    assert set(stages) == {"sample", "smoke"}
    for stage in stages.values():
        assert set(stage["deps"]) == {f"../{path}" for path in closure(RENDERER)}


def test_every_stage_has_an_entry():
    assert set(STAGES) == set(ENTRIES)


@pytest.mark.parametrize("name", [n for n in STAGES if n.startswith(("score", "tables", "figures", "report"))])
def test_scores_tables_and_report_never_see_a_network(name):
    networks = ("pvdbench/inference", "pvdbench/training", "pvdbench/deblur", "pvdbench/motion")
    assert not [path for path in closure(*ENTRIES[name]) if path.startswith(networks)]


def test_studies_run_over_equal_copies_of_the_pipeline():
    copies = list(ROOT.glob("studies/*/dvc.yaml"))
    assert {path.parent.name for path in copies} == {"smoke", "paper"}
    assert {path.read_bytes() for path in copies} == {(ROOT / "dvc.yaml").read_bytes()}


def test_package_docstrings_hold_no_code_that_the_closure_would_miss():
    for path in ROOT.glob("pvdbench/*/__init__.py"):
        assert len(ast.parse(path.read_text()).body) == 1, path


def test_closure_follows_imports_inside_functions(tmp_path):
    (tmp_path / "pvdbench").mkdir()
    (tmp_path / "pvdbench" / "a.py").write_text("def f():\n    from pvdbench import b\n")
    (tmp_path / "pvdbench" / "b.py").write_text("import pvdbench.c\n")
    (tmp_path / "pvdbench" / "c.py").write_text("")
    assert closure("pvdbench.a", root=tmp_path) == {"pvdbench/a.py", "pvdbench/b.py", "pvdbench/c.py"}


def test_nothing_is_tracked_by_analytics():
    config = (ROOT / ".dvc" / "config").read_text()
    assert "analytics = false" in config and "check_update = false" in config
    assert (ROOT / ".dvc" / "plots" / "offline.html").exists()


def test_the_offline_plot_page_names_no_host():
    page = (ROOT / ".dvc" / "plots" / "offline.html").read_text()
    assert "{plot_divs}" in page and "<script src" not in page and Path(ROOT, ".dvc/plots").is_dir()
