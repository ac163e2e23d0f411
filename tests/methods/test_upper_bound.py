"""Who sees the truth: the card says so, before anything is handed over."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import METHODS, ROOT
from fake_method import write_method

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
from pvdbench.io.images import read_frame
from pvdbench.methods.card import read_card
from pvdbench.methods.check_inputs import CheckedMethod
from pvdbench.methods.checks import check_method
from pvdbench.methods.loading import get_ready, load_deblurrer
from pvdbench.study.study import load_study

CHEAT = "yield from (clip.truth if clip.truth is not None else clip)"
CLAIM = "self.upper_bound = True"


def run(place, dataset, tmp_path):
    files = (tmp_path / name for name in ("out", "complexity.json", "cost.json", "x.log"))
    return run_row(RowRun("deblur", "stage", "ours", place, "x", None, dataset, *files, threads=1))


def test_a_card_that_allows_it_hands_over_the_truth(dataset, tmp_path):
    place = write_method(tmp_path / "methods", "x", deblur=CHEAT, card="upper_bound: true\n")
    assert run(place, dataset, tmp_path) == ""
    assert (read_frame(tmp_path / "out/a/00001.png") == read_frame(dataset / "a/GT/00001.png")).all()
    assert all(outcome.passed for outcome in check_method(CheckedMethod(place, "x", None, 1), seconds=60))


@pytest.mark.parametrize("card", ["", "upper_bound: by-weights\n"])
def test_no_other_method_is_handed_the_truth(dataset, tmp_path, card):
    place = write_method(tmp_path / "methods", "x", deblur="assert clip.truth is None; yield from clip", card=card)
    assert run(place, dataset, tmp_path) == ""
    assert all(outcome.passed for outcome in check_method(CheckedMethod(place, "x", None, 1), seconds=60))


@pytest.mark.parametrize("adapter", [CLAIM, "type(self).upper_bound = True"])
def test_a_class_that_claims_it_without_its_card_is_refused_by_name(dataset, tmp_path, adapter):
    place = write_method(tmp_path / "methods", "x", deblur=CHEAT, load=adapter)
    message = (
        "x: its class sets upper_bound and its card does not, so that no table would mark it; add `upper_bound: true`"
    )
    assert run(place, dataset, tmp_path).startswith(message) and not list((tmp_path / "out").rglob("*.png"))
    with pytest.raises(MethodError, match="x: its class sets upper_bound and its card does not"):
        get_ready(load_deblurrer(place, "x"), place, "x", torch.device("cpu"))
    outcomes = list(check_method(CheckedMethod(place, "x", None, 1), seconds=60))
    assert [outcome.check for outcome in outcomes] == ["loads"] and outcomes[0].message.startswith(message)


def test_a_card_says_it_in_one_of_three_ways(tmp_path):
    assert read_card(METHODS, "pvdnet").upper_bound == "by-weights" and read_card(METHODS, "input").upper_bound is False
    with pytest.raises(ParamsError, match=r"method\.yaml: upper_bound"):
        read_card(write_method(tmp_path, "x", card="upper_bound: maybe\n"), "x")


def test_rows_of_such_a_method_are_marked_as_the_ideal_volume_s_are(tmp_path, monkeypatch):
    study = load_study(ROOT / "studies" / "variants")
    assert study.upper_bounds == ["ideal"]
    rows = study.params.deblur
    write_method(tmp_path, "cheat", card="upper_bound: true\n")
    row = rows["ideal"].model_copy(update={"method": "cheat", "network": None})
    study = replace(study, params=study.params.model_copy(update={"deblur": {**rows, "cheat": row}}))
    monkeypatch.setattr(type(study), "methods", (*study.methods, Path(tmp_path)))
    assert study.upper_bounds == ["ideal", "cheat"]
