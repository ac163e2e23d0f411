"""One installed package brings a layout, a method and a protocol with a metric; nothing in the tree names them."""

import itertools
import shutil

import pandas as pd
import pytest
import yaml
from conftest import ROOT, make_dataset
from fake_study import commit
from outside_package import (
    OutsidePackage,
    add_layout,
    add_method,
    add_protocol,
    pvdbench,
    python,
)
from skimage.metrics import normalized_root_mse

from pvdbench.io.images import read_frame
from pvdbench.io.tables import VOLUME_STATISTICS, write_table


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return add_protocol(add_method(add_layout(OutsidePackage(tmp_path_factory.mktemp("site")))))


def run(package, folder, *commands):
    """Run several commands in one process in which the package is installed."""
    words = [command.split() for command in commands]
    code = f"from pvdbench.cli.main import cli\nfor words in {words!r}: cli(words, standalone_mode=False)"
    done = python(code, package, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_three_are_in_the_help(package, tmp_path):
    assert "nrmse]" in pvdbench("score", "folder", "--help", packages=[package]).stdout
    assert "shelves     two shelves" in pvdbench("datasets", "add", "--help", packages=[package]).stdout
    assert "negative" in pvdbench("methods", "list", packages=[package]).stdout


@pytest.fixture(scope="module")
def study(package, tmp_path_factory):
    """A study whose data set has their layout, one row their method, and every row a score of their protocol."""
    folder = tmp_path_factory.mktemp("study")
    for name in ("input", "static"):
        shutil.copytree(ROOT / "methods" / name, folder / "methods" / name)
    shutil.copytree(ROOT / "data" / "published", folder / "data" / "published")
    frames = make_dataset(tmp_path_factory.mktemp("frames"))
    for video, (theirs, ours) in itertools.product(("a", "b"), (("dim", "input"), ("clear", "GT"))):
        shutil.copytree(frames / video / ours, folder / "mine" / theirs / video)
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    example = {"better": "theirs", "worse": "input"}
    params |= {
        "root": ".",
        "datasets": {"pretrain": "shelf", "train": "shelf", "test": ["shelf"]},
        "motion": {"static": {"method": "static", "network": "none"}},
        "deblur": {
            "input": {"method": "input", "motion": "static"},
            "theirs": {"method": "negative", "motion": "static"},
        },
    }
    params["protocols"] |= {
        "names": ["koehler", "plain-rgb", "nrmse"],
        "volume": params["protocols"]["volume"] | {"motion": "static", "volume_row": "input", "warp_row": "input"},
    }
    params["tables"] |= {
        "table1": {"static": "no motion"}, "table2": {"input": "input", "theirs": "Theirs"}, "table3": {},
        "lens": None, "published": {},
        "figures": {
            "flow": {"rows": ["static"], "better": "static", "worse": "static"},
            "deblur": {"rows": ["input", "theirs"], **example}, "bins": 2,
        },
    }  # fmt: skip
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (folder / ".gitignore").write_text("data\nreports\nmine\n")
    commit(folder)
    run(
        package, folder, "datasets add shelf mine", "infer motion shelf static", "infer deblur shelf input",
        "infer deblur shelf theirs", "score truth shelf", "score motion shelf static", "score deblur shelf input",
        "score deblur shelf theirs",
    )  # fmt: skip
    write_table(
        folder / "data/scores/volume/shelf.csv", pd.DataFrame(columns=list(VOLUME_STATISTICS)), VOLUME_STATISTICS
    )
    return folder


def test_the_score_files_have_the_metric(study):
    for task, row in (("deblur", "input"), ("deblur", "theirs"), ("motion", "static")):
        scores = pd.read_csv(study / f"data/scores/{task}/shelf/{row}.csv", dtype={"frame": str})
        theirs = scores[scores["protocol"] == "nrmse"]
        assert len(theirs) == (8 if task == "deblur" else 6) and scores["nrmse"].notna().sum() == len(theirs)
        for score in theirs.itertuples():
            estimate = read_frame(study / f"data/{task}/shelf/{row}/{score.video}/{score.frame}.png")
            truth = read_frame(study / f"mine/clear/{score.video}/{score.frame}.png")
            assert score.nrmse == pytest.approx(normalized_root_mse(truth, estimate), abs=5e-7)


def test_tables_and_report_show_the_row_and_the_metric(study, package):
    run(package, study, "tables", "figures", "report")
    scores = {row: pd.read_csv(study / f"data/scores/deblur/shelf/{row}.csv")["nrmse"] for row in ("input", "theirs")}
    table = (study / "reports/tables/shelf-metrics-deblur.md").read_text()
    assert f"| nrmse: NRMSE | lower | {scores['input'].mean():.4f} | {scores['theirs'].mean():.4f} |" in table
    assert "| nrmse: NRMSE | lower | " in (study / "reports/tables/shelf-metrics-motion.md").read_text()
    page = (study / "reports/index.html").read_text()
    assert "Theirs" in page and '"NRMSE"' in page and (study / "reports/methods/deblur-theirs.html").exists()
    for kind in ("means", "differences", "scores"):
        assert f'"{kind}/shelf/deblur/nrmse"' in page
