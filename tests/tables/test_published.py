"""Published numbers: what every row must say, a sample typed in by hand, and the table beside measured numbers."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pvdbench.analysis.published import NUMBERS, UNKNOWN, read_published
from pvdbench.core.errors import DataError, ParamsError
from pvdbench.scoring.registry import protocols
from pvdbench.tables.files import DatasetTables, read_tables, write_tables
from pvdbench.tables.formats import write_csv
from pvdbench.tables.inputs import Context
from pvdbench.tables.published import Number, check_unmixed, published_table

ROOT = Path(__file__).parents[2]
FILES = ("table1", "table2", "table3", "table4", "table5", "sec44", "published")
LABELS = {"bimc-pv": "PVDNet", "input": "input", "small": "not published"}
SU = Context("su", "", "koehler", "plain-rgb", 10, 2, 4, 1280, 720)
URL = "https://example.org/paper"


def _csv(name):
    return pd.read_csv(ROOT / "data" / "published" / f"{name}.csv")


@pytest.mark.parametrize("name", FILES)
def test_every_row_has_source_year_protocol_and_data_set(name):
    table = _csv(name)
    assert table["source"].str.len().gt(0).all()
    assert table["source_url"].str.match(r"https://\S+( \(.+\))?$").all()
    assert table["year"].between(2010, 2026).all()
    assert set(table["protocol_name"]) <= {*protocols(), UNKNOWN}
    assert set(table["dataset_name"]) <= {"su", "nah", "nah-linear", "nah-960x540", "nah-unstated", "none"}
    assert set(table["quoted"]) <= {"yes", "no"}


@pytest.mark.parametrize("name", FILES)
def test_no_row_is_there_twice(name):
    table = _csv(name)
    assert not table.duplicated().any()
    key = ["quantity"] if name == "sec44" else ["method", "year", "dataset_name", "source_url", "protocol_name"]
    assert not table.duplicated(key).any()


@pytest.mark.parametrize(
    ("name", "method", "column", "value"),
    [
        ("table1", "BIMNet_LFN", "psnr_db_all", 28.43),
        ("table1", "LiteFlowNet", "psnr_db_blurriest10", 24.64),
        ("table1", "TVL1", "ssim_sharpest10", 0.924),
        ("table2", "input", "psnr_db_all", 27.40),
        ("table2", "BIMC+PV", "psnr_db_blurriest10", 27.46),
        ("table2", "MC_e2e+PV", "ssim_all", 0.909),
        ("table3", "Large+MC", "psnr_db", 31.75),
        ("table3", "Small", "params_total_m", 0.7),
        ("table4", "Ours w/ CA", "psnr_db", 32.31),
        ("table5", "EDVR [Wang 2019]", "ssim", 0.926),
    ],
)
def test_the_papers_numbers_are_those_typed_by_hand(name, method, column, value):
    assert _csv(name).set_index("method").loc[method, column] == value


def test_known_protocols_are_few_and_of_those_who_measured():
    table = _csv("published")
    known = table[table["protocol_name"] != UNKNOWN]
    assert set(known["protocol_name"]) == {"plain-rgb", "matlab-ssim", "su-30"}
    assert (known.loc[known["protocol_name"] == "plain-rgb", "quoted"] == "no").all()
    quoted = _csv("table4").query("confidence == 'medium' or confidence == 'low'")
    assert len(quoted) == 3 and set(quoted["protocol_name"]) == {UNKNOWN}
    vrt = table[table["source"] == "table of VRT"].set_index(["method", "dataset"])
    assert vrt.loc[("VRT", "DVD"), "protocol_name"] == "plain-rgb"
    assert vrt.loc[("PVDNet", "DVD"), ["protocol_name", "quoted"]].tolist() == [UNKNOWN, "yes"]


def test_numbers_are_of_tables_2_4_5_and_of_others():
    numbers = read_published(ROOT).numbers
    assert tuple(numbers.columns) == NUMBERS and numbers["psnr_db"].notna().all()
    su = numbers[(numbers["dataset_name"] == "su") & (numbers["protocol_name"] == "koehler")]
    found = {(m, n): p for m, n, p in zip(su["method"], su["method_name"], su["psnr_db"], strict=True)}
    assert found == {("input", "input"): 27.40, ("BIMC+PV", "PVDNet"): 31.63, ("EDVR [Wang 2019]", "EDVR"): 31.82,
                     ("Ours w/ CA", "PVDNet"): 32.31}  # fmt: skip


def test_a_table_without_a_column_is_named(tmp_path):
    shutil.copytree(ROOT / "data" / "published", tmp_path / "data" / "published")
    _csv("table4").drop(columns="quoted").to_csv(tmp_path / "data" / "published" / "table4.csv", index=False)
    with pytest.raises(DataError, match=r"table4\.csv lacks the columns quoted; restore it"):
        read_published(tmp_path)


def _published(*rows):
    """Rows of method, data set, protocol, PSNR and SSIM from one source."""
    lines = [(m, m, 2021, "Paper", f"{URL} (Table 1)", d, p, "no", psnr, ssim) for m, d, p, psnr, ssim in rows]
    return pd.DataFrame(lines, columns=NUMBERS)


def _frames(psnr, *, dataset="su", protocol="koehler"):
    """Counted frames of two clips."""
    table = pd.DataFrame({"dataset": dataset, "video": ["a", "a", "b", "b"], "frame": ["1", "2"] * 2,
                          "protocol": protocol, "psnr_db": psnr, "ssim": [0.8, 0.8, 0.9, 0.9]})  # fmt: skip
    return table.set_index(["video", "frame"], drop=False).rename_axis([None, None])


def _table(published, scores, labels=LABELS, context=SU):
    return published_table(context, labels, scores, published)


def _csv_of(table, path):
    write_csv(path, table)
    return pd.read_csv(path, index_col="label")


def _reach(key, mean, half):
    """The interval of two clips that lie half to either side of their mean."""
    reach = 1.5 * half * 12.7062047362
    return {f"{key}_low": pytest.approx(mean - reach), f"{key}_high": pytest.approx(mean + reach), f"{key}_clips": 2}


def test_every_cell_beside_its_protocol(tmp_path):
    published = _published(
        ("PVDNet", "su", "koehler", 32.0, 0.9),
        ("PVDNet", "su", UNKNOWN, 33.0, 0.91),
        ("EDVR", "su", "koehler", 31.0, math.nan),
        ("input", "su", "plain-rgb", 27.0, 0.8),
        ("PVDNet", "nah", "koehler", 99.0, 0.99),
    )
    scores = {
        "koehler": {"bimc-pv": _frames([30, 31, 33, 34]), "input": _frames([20, 20, 20, 20])},
        "plain-rgb": {"input": _frames([26, 26, 27, 27], protocol="plain-rgb")},
        "eval-py": {"bimc-pv": _frames([1, 1, 1, 1], protocol="eval-py")},
    }
    table = _table(published, scores)
    assert [column.source for column in table.columns] == (
        ["Protocol koehler"] * 5 + ["Protocol plain-rgb"] * 5 + ["Protocol unknown"] * 2
    )
    assert [(row.name, row.link) for row in table.rows] == [("bimc-pv", URL), ("input", URL), ("", URL)]
    csv = _csv_of(table, tmp_path / "table.csv")
    pvdnet, edvr, blurry = (csv.loc[f"{name}, 2021; Paper"].dropna() for name in ("PVDNet", "EDVR", "input"))
    heads = {"dataset": "su", "protocol": "several", "source_url": URL}
    assert pvdnet.to_dict() == heads | {
        "row": "bimc-pv", "paper_psnr_db_koehler": 32, "paper_ssim_koehler": 0.9,
        "psnr_db_koehler": 32, "psnr_db_koehler_identical": 0, "ssim_koehler": pytest.approx(0.85),
        "difference_db_koehler": 0, **_reach("psnr_db_koehler", 32, 1.5), **_reach("ssim_koehler", 0.85, 0.05),
        **_reach("difference_db_koehler", 0, 1.5), "paper_psnr_db_unknown": 33, "paper_ssim_unknown": 0.91,
    }  # fmt: skip
    assert edvr.to_dict() == heads | {"paper_psnr_db_koehler": 31}
    assert blurry["difference_db_plain-rgb"] == pytest.approx(-0.5) and "psnr_db_koehler" not in blurry
    assert table.text(table.rows[1], 9) == "\u22120.50"


def test_unknown_has_neither_measured_numbers_nor_a_difference():
    scores = {UNKNOWN: {"bimc-pv": _frames([30] * 4, protocol=UNKNOWN)}}
    table = _table(_published(("PVDNet", "su", UNKNOWN, 32.0, 0.9)), scores)
    assert [column.key for column in table.columns] == ["paper_psnr_db_unknown", "paper_ssim_unknown"]
    assert [(row.name, row.values) for row in table.rows] == [("", (32.0, 0.9))]


def test_identical_frames_have_no_difference():
    table = _table(_published(("input", "su", "koehler", 27, 0.8)), {"koehler": {"input": _frames([math.inf] * 4)}})
    assert [table.text(table.rows[0], column) for column in (2, 4)] == ["identical", "\u2013"]


def test_a_data_set_without_published_numbers_has_no_table():
    assert _table(_published(("PVDNet", "nah", "koehler", 32.0, 0.9)), {}) is None


@pytest.mark.parametrize(
    ("frames", "got"),
    [
        (_frames([30] * 4, protocol="plain-rgb"), "su under koehler, su under plain-rgb"),
        (_frames([30] * 4, dataset="nah"), "nah under koehler, su under koehler"),
    ],
)
def test_a_difference_between_protocols_or_data_sets_is_refused(frames, got):
    with pytest.raises(DataError, match=f"'difference_db_koehler' mixes {got}"):
        _table(_published(("PVDNet", "su", "koehler", 32.0, 0.9)), {"koehler": {"bimc-pv": frames}})


def test_two_protocols_in_one_column_are_refused():
    numbers = [Number(1.0, frozenset({("su", "koehler")})), Number(2.0, frozenset({("su", "su-30")}))]
    check_unmixed("psnr", numbers[:1])
    with pytest.raises(DataError, match="column 'psnr' mixes su under koehler"):
        check_unmixed("psnr", numbers)


def test_mistakes_in_the_published_numbers_are_named():
    with pytest.raises(DataError, match=r"unknown protocol_name 'kohler'; choose from koehler, .*, unknown"):
        _table(_published(("PVDNet", "su", "kohler", 32.0, 0.9)), {})
    twice = _published(*[("PVDNet", "su", "koehler", psnr, 0.9) for psnr in (32.0, 33.0)])
    with pytest.raises(
        DataError, match=r"two numbers for PVDNet, 2021; Paper, with one year, source and protocol; tell them apart"
    ):
        _table(twice, {})
    with pytest.raises(ParamsError, match=r"tables\.published names a method twice"):
        _table(twice[:1], {}, labels={"mc": "PVDNet", "bimc-pv": "PVDNet"})


def test_the_caption_counts_what_other_variants_leave_out():
    numbers = read_published(ROOT).numbers
    nah = Context("nah", "", "koehler", "plain-rgb", 10, 11, 1111, 1280, 720)
    table = _table(numbers, {}, context=nah)
    left_out = numbers["dataset_name"].str.startswith("nah-").sum()
    assert f" {left_out} numbers on other or unstated variants of the data set are left out." in table.caption
    assert {row.label for row in table.rows if "DeepDeblur (PyTorch" in row.label} == {
        f"DeepDeblur (PyTorch, {kind}), 2017; README of DeepDeblur-PyTorch" for kind in ("fp32", "amp")
    }
    assert "PVDNet, there “Ours (final model, PVDNet_nah)”; Son et al. 2021, Table 5, through VDTR (quoted)" in {
        row.label for row in table.rows
    }


def test_links_survive_the_way_to_the_report(tmp_path):
    table = _table(read_published(ROOT).numbers, {})
    write_tables(tmp_path, DatasetTables("su", "su", (table,), ()))
    (again,) = read_tables(tmp_path, "su").tables
    assert [row.link for row in again.rows] == [row.link for row in table.rows]
    csv = pd.read_csv(tmp_path / "su-published.csv")
    assert csv["source_url"].str.match(r"https://\S+$").all() and len(csv) == len(table.rows)
