"""Tables 4 and 5, and variants: rows that params.yaml names, cell by cell, and rows that failed."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_study import TABLE_PARAMS

from pvdbench.io.cost import read_complexity
from pvdbench.io.frame_folders import write_failure
from pvdbench.tables.build import build_tables
from pvdbench.tables.cost import with_costs
from pvdbench.tables.files import read_tables, tables_text

OTHERS = {"mc": "A single image", "small": "A window"}
VARIANTS = {"bimc": "warped", "bimc-pv": "25 candidates", "small-mc": "9 candidates"}


def built(fake, bounds=(), **groups):
    params = TABLE_PARAMS.model_copy(update=groups)
    build_tables(fake.root, fake.root, datasets=[fake.dataset], params=params, ranking="plain-rgb", bounds=bounds)
    return fake.root / "reports" / "tables"


@pytest.fixture(scope="module")
def both(fake, tmp_path_factory):
    """A study whose tables have both groups of rows."""
    study = replace(fake, root=shutil.copytree(fake.root, tmp_path_factory.mktemp("both") / "study"))
    built(study, table4=OTHERS, variants=VARIANTS)
    return study


@pytest.mark.parametrize(("group", "rows"), [("table4", OTHERS), ("variants", VARIANTS)])
def test_every_cell(both, group, rows):
    table = pd.read_csv(both.root / "reports" / "tables" / f"sample-{group}.csv").set_index("row")
    assert dict(zip(table.index, table["label"], strict=True)) == rows
    filled = with_costs(both.root, read_tables(both.root / "reports" / "tables", "sample"))
    shown = pd.read_csv(io.StringIO(tables_text([filled], "csv", [group]))).set_index("row")
    for row in rows:
        scores = pd.read_csv(both.root / "data" / "scores" / "deblur" / "sample" / f"{row}.csv")
        counted = scores[(scores.protocol == "koehler") & scores.counted]
        assert table.loc[row, "psnr_db_all"] == pytest.approx(counted.psnr_db.mean(), abs=1e-12)
        complexity = read_complexity(both.root / "data" / "complexity" / "deblur" / "sample" / f"{row}.json")
        assert table.loc[row, "params_total_m"] == pytest.approx(sum(complexity.parameters.values()) / 1e6)
        cost = json.loads((both.root / "data" / "cost" / "deblur" / "sample" / f"{row}.json").read_text())
        assert shown.loc[row, "milliseconds_per_frame"] == cost["milliseconds_median"]


def test_an_upper_bound_is_called_one(fake, both):
    plain = (both.root / "reports" / "tables" / "sample-variants.md").read_text()
    assert "upper bound" not in plain
    best = next(row for row, label in VARIANTS.items() if f"| {label} | **" in plain)
    apart = (built(fake, bounds=[best], variants=VARIANTS) / "sample-variants.md").read_text()
    assert f"| {VARIANTS[best]} | **" not in apart and "is an upper bound, no result, and earns no mark." in apart


def test_an_upper_bound_is_not_ranked(fake, both):
    plain = pd.read_csv(both.root / "reports" / "tables" / "sample-ranks-deblur.csv")
    tables = built(fake, bounds=[plain.row[0]], variants=VARIANTS)
    apart = pd.read_csv(tables / "sample-ranks-deblur.csv")
    assert list(apart.row) == list(plain.row[1:]) and apart.rank_all[0] == 1
    assert plain.row[0] not in (tables / "sample-pairs-deblur.csv").read_text()


def test_an_upper_bound_is_marked_in_every_table_that_has_it(own):
    folder = built(own, bounds=["bimc-pv"], table4={"bimc-pv": "Ours"}, variants=VARIANTS)
    tables = {table.name: table for table in read_tables(folder, "sample").tables}
    with_it = [t for t in tables.values() if t.task != "motion" and any(row.name == "bimc-pv" for row in t.rows)]
    assert {"table2", "table3", "table4", "variants", "cost", "quantiles", "temporal", "clips-deblur"} <= {
        table.name for table in with_it
    }
    for table in with_it:
        assert [row.name for row in table.rows if row.bound] == ["bimc-pv"], table.name
        md, tex = ((folder / f"sample-{table.name}.{end}").read_text() for end in ("md", "tex"))
        assert "(upper bound)" in md and "(upper bound)" in tex and "is an upper bound, no result" in md
        csv = pd.read_csv(folder / f"sample-{table.name}.csv").set_index("row")
        assert csv.loc["bimc-pv", "upper_bound"] and csv["upper_bound"].sum() == 1
    assert "(upper bound)" in (folder / "sample-metrics-deblur.md").read_text().split("Measured", 2)[2]
    assert "(upper bound)" in tables["lens"].title and "(upper bound)" in tables["steps"].caption
    assert not any("bimc-pv" in row.name for row in tables["ranks-deblur"].rows)
    assert not any("BIMC+PV" in finding.sentence for finding in read_tables(folder, "sample").findings)


def test_a_motion_row_of_the_same_name_is_none(own):
    folder = built(own, bounds=["static", "tvl1"])
    assert not any(row.bound for table in read_tables(folder, "sample").tables for row in table.rows)


def test_a_table_that_no_row_is_named_for_is_not_there(tables):
    assert (tables / "sample-table1.csv").exists()
    assert not (tables / "sample-table4.csv").exists() and not (tables / "sample-variants.csv").exists()


def test_rows_of_the_table_alone_join_the_ranks(fake):
    params = TABLE_PARAMS.model_copy(update={"table2": {"input": "input"}, "table3": {"baseline": "Medium"},
                                             "table4": OTHERS})  # fmt: skip
    assert list(params.deblur_labels.items()) == [("input", "input"), ("baseline", "Medium"), *OTHERS.items()]


def test_a_row_that_failed_says_why(own):
    write_failure(own.root / "data" / "deblur" / "sample" / "mc", "mc: expected 6 frames, got 5")
    table = pd.read_csv(built(own, table4=OTHERS) / "sample-table4.csv").set_index("row")
    assert np.isnan(table.loc["mc", "psnr_db_all"]) and table.loc["mc", "skipped"] == "mc: expected 6 frames, got 5"
    assert table.loc["small", "psnr_db_all"] > 0
