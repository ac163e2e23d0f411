"""Rows whose method failed: their reason in tables, figures' stage and report, and no number that stands for them."""

import json

import pandas as pd
import pytest
from fake_study import RANKING, TABLE_PARAMS

from pvdbench.core.errors import DataError
from pvdbench.figures.build import build_figures
from pvdbench.report.build import build_report
from pvdbench.report.inputs import StudyInputs
from pvdbench.scoring.registry import named_protocols
from pvdbench.scoring.score_file import score_table, write_score_file
from pvdbench.tables.build import build_tables
from pvdbench.tables.files import read_tables

REASON = "edvr: a: expected 4 frames, got 3; yield one a frame"


def fail(study, *rows):
    """What inference and scoring leave of rows that failed."""
    for task, row in rows:
        cost = study.root / "data" / "cost" / task / study.dataset / f"{row}.json"
        facts = json.loads(cost.read_text())
        kept = {key: facts[key] for key in ("stage", "seconds", "hardware", "peak_memory_mib")}
        cost.write_text(json.dumps(kept | {"failed": REASON}))
        scores = study.root / "data" / "scores"
        write_score_file(scores / task / study.dataset / f"{row}.csv", score_table([], named_protocols(["all"], task)))


def tables(study):
    how = {"datasets": [study.dataset], "params": TABLE_PARAMS, "ranking": RANKING}
    build_tables(study.root, study.root, **how)
    return study.root / "reports" / "tables"


def test_a_failed_row_stands_in_its_tables_with_its_reason_and_the_paper_s_numbers(own):
    fail(own, ("deblur", "mc-pv"), ("motion", "tvl1"))
    folder = tables(own)
    for name, row, label in (("table2", "mc-pv", "MC+PV"), ("table1", "tvl1", "TVL1")):
        table = pd.read_csv(folder / f"{own.dataset}-{name}.csv", dtype={"row": str})
        (line,) = table[table["row"] == row].to_dict("records")
        assert line["skipped"] == REASON and line["label"] == label
        assert pd.isna(line["psnr_db_all"]) and line["paper_psnr_db_all"] > 20
        assert table[table["row"] != row]["skipped"].isna().all()
        assert "expected 4 frames, got 3" in (folder / f"{own.dataset}-{name}.md").read_text()
        assert (table["label"] == label).sum() == 1


def test_other_rows_keep_their_numbers(own):
    before = pd.read_csv(tables(own) / f"{own.dataset}-table2.csv").set_index("label")["psnr_db_all"]
    fail(own, ("deblur", "mc-pv"))
    after = pd.read_csv(tables(own) / f"{own.dataset}-table2.csv").set_index("label")["psnr_db_all"]
    pd.testing.assert_series_equal(after.drop("MC+PV").sort_index(), before.drop("MC+PV").sort_index())
    metrics = json.loads((own.root / "reports" / "metrics.json").read_text())
    assert set(metrics[own.dataset]["deblur"]) == set(TABLE_PARAMS.deblur_labels) - {"mc-pv"}


@pytest.mark.parametrize(
    "rows",
    [
        [("deblur", "bimc-pv")],  # the lens, and what figures compare
        [("deblur", "baseline")],  # Table 3's first
        [("motion", "bimnet"), ("motion", "static")],
        [("deblur", row) for row in TABLE_PARAMS.deblur_labels],
        [("motion", row) for row in TABLE_PARAMS.table1],
    ],
    ids=str,
)
def test_whatever_fails_tables_figures_and_report_come_to_an_end_and_list_it(own, rows):
    fail(own, *rows)
    measured = read_tables(tables(own), own.dataset)
    assert [row.reason for row in measured.skipped] == [REASON] * len(rows)
    assert {row.name for row in measured.skipped} == {row for _, row in rows}
    build_figures(own.root, own.root, datasets=[own.dataset], params=TABLE_PARAMS, ranking=RANKING)
    build_report(StudyInputs(study=own.root, root=own.root, train=own.dataset, datasets=[own.dataset],
                          params=TABLE_PARAMS, ranking=RANKING))  # fmt: skip
    page = (own.root / "reports" / "index.html").read_text()
    assert page.count(f"has no scores. {REASON}") == len(rows)
    for task, row in rows:
        assert REASON in (own.root / "reports" / "methods" / f"{task}-{row}.html").read_text()


def test_scores_that_are_missing_without_a_reason_still_stop_the_tables(own):
    scores = own.root / "data" / "scores" / "deblur" / own.dataset / "mc.csv"
    write_score_file(scores, score_table([], named_protocols(["all"], "deblur")))
    with pytest.raises(DataError, match=r"mc\.csv has no counted frame of the protocol 'koehler'"):
        tables(own)


@pytest.mark.parametrize("timed", ["clip", "never"])
def test_what_runs_elsewhere_has_no_memory_of_ours(own, timed):
    path = own.root / "data" / "cost" / "deblur" / own.dataset / "mc.json"
    facts = json.loads(path.read_text()) | {"timed": timed, "parameters": {}}
    path.write_text(json.dumps(facts | ({"milliseconds_median": None} if timed == "never" else {})))
    table = pd.read_csv(tables(own) / f"{own.dataset}-cost.csv").set_index("row")
    assert table.loc["mc", ["peak_memory_mib", "parameters_m"]].isna().all()
    assert pd.isna(table.loc["mc", "milliseconds_a_frame"]) == (timed == "never")


def test_the_cost_table_has_what_the_cost_files_say(own):
    path = own.root / "data" / "cost" / "deblur" / own.dataset / "mc.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"multiply_adds_720p": 12.5e9, "precision": "float32"}))
    table = pd.read_csv(tables(own) / f"{own.dataset}-cost.csv").set_index("row")
    assert table.loc["mc", "multiply_adds_720p_g"] == 12.5 and table.loc["mc", "parameters_m"] == pytest.approx(0.3666)
    assert table.loc["mc", "milliseconds_a_frame"] == 20 and table.loc["mc", "peak_memory_mib"] == 512
    assert pd.isna(table.loc["input", "multiply_adds_720p_g"]) and pd.isna(table.loc["input", "parameters_m"])
    text = (own.root / "reports" / "tables" / f"{own.dataset}-cost.md").read_text()
    assert "scaled by pixels to 1280x720" in text and "Test processor, 2 cores, threads: 2, float32" in text
