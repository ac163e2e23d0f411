"""Rows whose method failed: their reason in tables, figures' stage and report, and no number that stands for them."""

import io
import json

import pandas as pd
import pytest
from fake_study import RANKING, TABLE_PARAMS

from pvdbench.analysis.skipped import Skipped
from pvdbench.core.errors import DataError
from pvdbench.figures.build import build_figures
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.cost import Complexity, write_complexity
from pvdbench.io.frame_folders import write_failure
from pvdbench.report.build import build_report
from pvdbench.report.inputs import StudyInputs
from pvdbench.scoring.registry import named_protocols
from pvdbench.scoring.score_file import score_table, write_score_file
from pvdbench.tables.build import build_tables
from pvdbench.tables.cost import with_costs
from pvdbench.tables.files import read_tables, tables_text

REASON = "edvr: a: expected 4 frames, got 3; yield one a frame"


def fail(study, *rows):
    """What inference and scoring leave of rows that failed."""
    for task, row in rows:
        (study.root / "data" / "cost" / task / study.dataset / f"{row}.json").unlink()
        write_complexity(study.root / "data" / "complexity" / task / study.dataset / f"{row}.json", Complexity({}))
        with replaced_folder(study.root / "data" / task / study.dataset / row) as frames:
            write_failure(frames, REASON)
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


def test_a_failed_row_is_in_no_table_and_no_figure_of_those_that_have_numbers():
    everywhere = {name: {"x": "X", "y": "Y"} for name in ("table2", "table3", "table4", "variants", "published")}
    params = TABLE_PARAMS.model_copy(update={**everywhere, "table1": {"m": "M", "n": "N"}})
    left = Skipped(motion={"m": REASON}, deblur={"x": REASON}).without(params)
    assert all(getattr(left, name) == {"y": "Y"} for name in everywhere)
    assert left.table1 == {"n": "N"}


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
    facts = json.loads(path.read_text()) | {"timed": timed}
    path.write_text(json.dumps(facts | ({"milliseconds_median": None} if timed == "never" else {})))
    write_complexity(own.root / "data" / "complexity" / "deblur" / own.dataset / "mc.json", Complexity({}))
    tables(own)
    table = shown(own, "cost")
    assert table.loc["mc", ["peak_memory_mib", "parameters_m"]].isna().all()
    assert pd.isna(table.loc["mc", "milliseconds_per_frame"]) == (timed == "never")


def shown(study, name):
    """A table as `pvdbench tables --format csv` prints it on this machine."""
    filled = with_costs(study.root, read_tables(study.root / "reports" / "tables", study.dataset))
    return pd.read_csv(io.StringIO(tables_text([filled], "csv", [name]))).set_index("row")


def test_the_cost_table_has_what_was_counted_and_measured(own):
    path = own.root / "data" / "cost" / "deblur" / own.dataset / "mc.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"precision": "float32"}))
    parameters = {"deblur": 321_000, "motion": 45_600}
    complexity = Complexity(parameters, 12.5e9, 48, 32)
    write_complexity(own.root / "data" / "complexity" / "deblur" / own.dataset / "mc.json", complexity)
    folder = tables(own)
    table = shown(own, "cost")
    assert table.loc["mc", "multiply_adds_720p_g"] == 12.5 and table.loc["mc", "parameters_m"] == pytest.approx(0.3666)
    assert table.loc["mc", "milliseconds_per_frame"] == 20 and table.loc["mc", "peak_memory_mib"] == 512
    assert pd.isna(table.loc["input", "multiply_adds_720p_g"]) and pd.isna(table.loc["input", "parameters_m"])
    assert "scaled by pixels to 1280x720" in (folder / f"{own.dataset}-cost.md").read_text()
    text = tables_text([with_costs(own.root, read_tables(folder, own.dataset))], "markdown", ["cost"])
    assert "Test processor, 2 cores, threads: 2; Test processor, 2 cores, threads: 2, float32. Memory" in text


def test_stored_tables_are_the_same_bytes_whatever_this_machine_took(own):
    """And tables are whole where nothing was measured, as after `dvc pull`."""
    contents = []
    for milliseconds in (20.0, 900.0, None):
        for path in (own.root / "data" / "cost").rglob("*.json"):
            if milliseconds is None:
                path.unlink()
            else:
                facts = {"milliseconds_median": milliseconds, "hardware": f"took {milliseconds}"}
                path.write_text(json.dumps(json.loads(path.read_text()) | facts))
        contents.append({path.name: path.read_bytes() for path in tables(own).iterdir()})
        value = shown(own, "table3").loc["small", "milliseconds_per_frame"]
        assert pd.isna(value) if milliseconds is None else value == milliseconds
    assert contents[0] == contents[1] == contents[2]
    assert not any(b"took" in content or b"Test processor" in content for content in contents[0].values())
