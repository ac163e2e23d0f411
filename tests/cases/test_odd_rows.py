"""Rows and clips that have less to show than others: one frame, identical frames, no time, frames of several sizes."""

import json
import re
import warnings

import pandas as pd
import pytest
from fake_report import build
from fake_study import DEBLUR, RANKING, TABLE_PARAMS, make_fake_study

from pvdbench.tables.build import build_tables


def _tables(study):
    build_tables(study.root, study.root, datasets=[study.dataset], params=TABLE_PARAMS, ranking=RANKING)
    return study.root / "reports" / "tables"


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The report of a study whose only test clip has one frame, which koehler does not count; no warning came up."""
    study = make_fake_study(tmp_path_factory.mktemp("single") / "study", videos=1, frames=1)
    for path in (study.root / "data/scores/motion").rglob("*.csv"):
        path.write_text(path.read_text().splitlines()[0] + "\n")  # a flow needs two frames
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(study)
    return study


def test_a_study_of_one_frame_says_that_no_frame_counts(single):
    text = (single.root / "reports/tables/sample-table2.md").read_text()
    assert "koehler does not count the one frame" in text and "1 clip, 1 frame of 48x32" in text
    for path in (single.root / "reports/tables").glob("*.md"):
        assert not re.search(r"\b(nan|inf)\b", path.read_text(), re.IGNORECASE), path.name


def test_the_page_of_a_study_of_one_frame_names_the_reason_and_has_no_nan(single):
    page = (single.root / "reports/index.html").read_text()
    assert "koehler does not count the one frame" in page
    assert not re.search(r">[^<]*\bnan\b[^<]*<", page, re.IGNORECASE)
    assert json.loads((single.root / "reports/metrics.json").read_text())["sample"] == {"deblur": {}, "motion": {}}


def test_a_page_with_rows_of_less_has_each_id_once_and_no_time_where_none_was_measured(tmp_path):
    study = make_fake_study(tmp_path / "study", videos=2, frames=3)
    path = study.root / "data/cost/deblur/sample/input.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"milliseconds_median": None}))  # frames that were there
    manifest = study.root / "data/sample/manifest.csv"
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    table.loc[table["video"] == "clip1", ["width", "height"]] = "64", "40"
    table.to_csv(manifest, index=False)
    scores = study.root / "data/scores/deblur/sample/bimc-pv.csv"
    frames = pd.read_csv(scores, dtype=str, keep_default_na=False)
    frames.loc[frames["protocol"] == "koehler", "psnr_db"] = "inf"  # equals the truth everywhere
    frames.to_csv(scores, index=False)
    folder = _tables(study)
    text = (folder / "sample-cost.md").read_text()
    assert "2 clips, 6 frames of 2 sizes, 48x32 to 64x40" in text
    metrics = json.loads((study.root / "reports/metrics.json").read_text())["sample"]["deblur"]["bimc-pv"]
    assert metrics["psnr_all"] is None and metrics["identical_all"] == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(study)
    page = (study.root / "reports/index.html").read_text()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    method = next((study.root / "reports/methods").glob("*input*.html")).read_text()
    assert "Cost on sample" in method and "ms per frame" not in method
    assert "95 % intervals over 2 clips." in page and len(DEBLUR) > 1
