"""Where a command is run: outside the clone it finds the clone's methods, or says where to run it and what to name."""

import os

import pytest
from command import one_line, pvdbench_here
from conftest import ROOT
from sample_clips import clip, save, view


def test_case_32_deblur_from_a_folder_below(tmp_path):
    clip(tmp_path / "in", "012")
    (tmp_path / "x").mkdir()
    run = pvdbench_here("deblur", "../in", "--method", "input", "--out", "o", cwd=tmp_path / "x")
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (tmp_path / "x/o").glob("*.png")) == ["0.png", "1.png", "2.png"]


def test_flow_finds_the_methods_too(tmp_path):
    for t in range(2):
        save(tmp_path / f"{t}.png", view(3 * t))
    run = pvdbench_here("flow", "0.png", "1.png", "--method", "static", "--out", "f.flo", cwd=tmp_path)
    assert run.returncode == 0 and (tmp_path / "f.flo").stat().st_size == 12 + 8 * 48 * 64, run.stderr


def test_a_folder_that_was_named_is_never_replaced_by_the_clones(tmp_path):
    clip(tmp_path / "in", "0")
    run = pvdbench_here("deblur", "in", "--method", "input", "--methods", "mine", "--out", "o", cwd=tmp_path)
    assert "mine" in one_line(run)
    os.mkdir(tmp_path / "methods")  # noqa: PTH102
    run = pvdbench_here("deblur", "in", "--method", "input", "--out", "o", cwd=tmp_path)
    assert "methods: no method 'input'" in one_line(run)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("methods", "list"), "--study"),
        (("validate",), "--study"),
        (("verify",), "--study"),
        (("report",), "--study"),
        (("datasets", "list"), "--data"),
        (("datasets", "fetch", "su"), "--data"),
        (("datasets", "verify", "su"), "--splits"),
    ],
)
def test_case_32_what_needs_a_study_says_where_to_run_or_what_to_name(words, named):
    line = one_line(pvdbench_here(*words, cwd=ROOT / "docs"))
    assert "top of pvdbench's clone" in line and named in line
