"""The page's numbers: what a plot shows is averaged in Python, and its scripts only look numbers up."""

import base64

import numpy as np
import pandas as pd
from conftest import ROOT
from fake_study import TABLE_PARAMS

from pvdbench.io.tables import TRAINING_LOG, write_table
from pvdbench.report.index import study_index
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.packs import training_packs
from pvdbench.tables.build import build_tables


def test_a_training_plot_shows_the_mean_over_a_twentieth_of_the_log(tmp_path):
    loss = np.random.default_rng(0).uniform(0.1, 1.0, 60)
    log = pd.DataFrame({"step": range(60), "loss": loss, "learning_rate": 1e-4, "validation_loss": np.nan})
    write_table(tmp_path / "data/training/deblur/row.csv", log, TRAINING_LOG)
    values = next(pack for pack in training_packs(tmp_path) if pack.of == ("deblur",)).value["row"]
    shown = np.frombuffer(base64.b64decode(values["loss"]), "<f8")
    assert np.allclose(shown, [loss[max(at - 2, 0) : at + 1].mean() for at in range(60)])


def test_no_script_of_the_page_adds_numbers_up():
    for script in (ROOT / "pvdbench" / "report" / "assets").glob("*.js"):
        assert "reduce(" not in script.read_text() and "Math.random" not in script.read_text(), script.name


def test_an_upper_bound_has_no_place_under_any_protocol(own):
    params = TABLE_PARAMS
    build_tables(own.root, own.root, datasets=["sample"], params=params, ranking="plain-rgb", bounds=["bimc-pv"])
    inputs = StudyInputs(own.root, own.root, "sample", ["sample"], params, "plain-rgb")
    packs = [pack for pack in inputs.packs() if pack.kind == "means"]
    for pack in packs:
        for metric in pack.value["metrics"].values():
            for group in metric["places"].values():
                placed = dict(zip(pack.value["rows"], group, strict=True))
                unranked = {row for row, place in placed.items() if place is None}
                assert unranked == ({"bimc-pv"} if pack.of[1] == "deblur" else set())
                assert max(last for _, last in filter(None, placed.values())) == len(placed) - len(unranked)
    (own_protocol,) = (pack for pack in packs if pack.of == ("sample", "deblur", "koehler"))
    places = own_protocol.value["metrics"]["psnr_db"]["places"]["all"]
    placed = dict(zip(own_protocol.value["rows"], places, strict=True))
    (ranks,) = (table for table in inputs.tables[0].tables if table.name == "ranks-deblur")
    assert {row.name: int(row.values[1]) for row in ranks.rows} == {r: p[0] for r, p in placed.items() if p}
    rows = {row["name"]: row["bound"] for row in study_index(inputs, packs)["datasets"][0]["tasks"]["deblur"]["rows"]}
    assert [name for name, bound in rows.items() if bound] == ["bimc-pv"]
