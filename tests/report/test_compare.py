"""Two sets of scores side by side: folders, and a Git revision whose scores DVC has."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
from fake_report import study_inputs
from fake_study import commit

from pvdbench.core.errors import DataError
from pvdbench.report.compare import build_comparison


def _rows(page):
    """Label to the text of its cells."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    return {re.sub("</?sub>", "", label): re.sub(r"<[^>]+>", " ", cells).split() for label, cells in rows}


def _change(path, frames, step):
    table = pd.read_csv(path, dtype={"frame": str})
    table.loc[frames(table), "psnr_db"] += step
    table.to_csv(path, index=False)


def _page(study, other):
    build_comparison(study_inputs(study), str(other), study.root / "reports" / "against.html")
    return (study.root / "reports" / "against.html").read_text()


def test_what_changed_and_by_how_much(own, tmp_path):
    other = shutil.copytree(own.root / "data" / "scores", tmp_path / "other")
    _change(other / "deblur" / "sample" / "mc.csv", lambda t: t["video"] != "", -0.5)
    _change(other / "deblur" / "sample" / "bimc.csv", lambda t: (t.video == "clip1") & (t.frame == "00003"), 3.5)
    (other / "deblur" / "sample" / "baseline.csv").unlink()
    rows = _rows(_page(own, other))
    assert rows["MC"][5:] == ["+0.50", "+0.50", "to", "+0.50", "21", "of", "21", *rows["MC"][12:]]
    assert rows["MC"][-1] == "better"
    assert rows["BIMC"][5] == "\u22120.17" and rows["BIMC"][9:12] == ["1", "of", "21"]
    assert rows["BIMC"][12:16] == ["clip1,", "00003:", "-3.50", "dB"] and rows["BIMC"][-1] == "unclear"
    assert rows["input"][5] == "0.00" and rows["input"][-1] == "same"
    assert rows["baseline"][-5:] == ["missing", "only", "in", "this", "study"]
    assert "Rows: 1 better, 0 worse, 1 changed, but the interval of the change holds zero" in _page(own, other)


def test_frames_of_one_side_only_are_told(own, tmp_path):
    other = shutil.copytree(own.root / "data" / "scores", tmp_path / "other")
    path = other / "deblur" / "sample" / "mc.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    table[table["video"] != "clip2"].to_csv(path, index=False)
    assert "7 frames are in one of them only" in _page(own, other)
    assert _rows(_page(own, other))["MC"][9:12] == ["0", "of", "14"]


def test_a_whole_study_is_taken_for_its_scores(own):
    assert _rows(_page(own, own.root))["MC"][-1] == "same"


def test_names_are_escaped(own, tmp_path):
    other = shutil.copytree(own.root / "data" / "scores", tmp_path / "<b>&")
    assert "Compared with" in _page(own, other) and "&lt;b&gt;&amp;</h1>" in _page(own, other)


def test_what_is_no_study_is_refused(own, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError, match=r"empty: no score files TASK/DATASET/ROW\.csv in this folder; name a study's folder"
    ):
        _page(own, tmp_path / "empty")
    with pytest.raises(DataError, match="nothing: neither a folder nor a Git revision whose scores DVC has"):
        _page(own, "nothing")
    assert not (own.root / "reports" / "against.html").exists()


def test_a_git_revision_through_dvc(own):
    def run(*command):
        subprocess.run(command, cwd=own.root, check=True, capture_output=True)

    run("dvc", "init", "-q")
    run("dvc", "config", "core.analytics", "false")
    (own.root / ".gitignore").write_text("reports\n/data/deblur\n/data/motion\n/data/sample\n")
    run("dvc", "add", "-q", "data/scores")
    commit(own.root)
    _change(own.root / "data" / "scores" / "deblur" / "sample" / "mc.csv", lambda t: t["video"] != "", 0.25)
    rows = _rows(_page(own, "HEAD"))
    assert rows["MC"][5] == "+0.25" and rows["BIMC"][-1] == "same"
