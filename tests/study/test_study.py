"""A study's rows and their own recipes."""

import subprocess

import pytest
import yaml
from conftest import ROOT

from pvdbench.core.errors import ParamsError
from pvdbench.study.study import load_study


@pytest.fixture
def study(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "methods").symlink_to(ROOT / "methods")
    return tmp_path


def write(study, **training):
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    params["deblur"]["bimc-pv"]["training"] = training
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return study


def test_a_rows_recipe_goes_over_the_studys(study):
    cosine = {"periods": [3, 3], "minimum": 1e-7}
    read = load_study(write(study, cosine=cosine, loss="mse"))
    own, others = read.sequence_recipe("bimc-pv"), read.sequence_recipe("bimc")
    assert own.cosine is not None and own.cosine.periods == [3, 3] and own.loss == "mse"
    assert own.model_copy(update={"cosine": None, "loss": "l1"}) == others == read.params.training.deblur


def test_an_unknown_key_of_a_rows_recipe_stops_any_command(study):
    with pytest.raises(ParamsError, match=r"deblur.bimc-pv.training: .*nonsense"):
        load_study(write(study, nonsense=1))


def _write_tables(study, **tables):
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    params["tables"] |= tables
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return study


def test_the_report_can_be_switched_to_the_percentage_of_the_tables_too(study):
    read = load_study(_write_tables(study, percent=25, percents=[50, 5]))
    assert read.params.tables.percent_choices == (5, 25, 50)
    assert load_study(_write_tables(study, percent=10, percents=[10])).params.tables.percent_choices == (10,)


@pytest.mark.parametrize(
    "percents, message",
    [
        ([0, 10], r"tables\.percents\.0: input should be greater than 0, got 0"),
        ([10, 51], r"tables\.percents\.1: input should be less than or equal to 50, got 51"),
        ([10, 10], r"tables\.percents: name each percentage once, got \[10, 10\]; correct it"),
        ("10", r"tables\.percents: input should be a valid list, got '10'"),
    ],
)
def test_percentages_that_make_no_sense_are_refused(study, percents, message):
    with pytest.raises(ParamsError, match=message):
        load_study(_write_tables(study, percents=percents))


def test_the_papers_study_trains_with_cosine_annealing_as_released():
    read = load_study(ROOT / "studies" / "paper")
    assert read.sequence_recipe("bimc-pv").cosine is None
    assert sum(read.sequence_recipe("pvdnet-ca").cosine.periods) == read.sequence_recipe("pvdnet-ca").steps == 600_000


def test_a_row_that_looks_at_the_truth_is_known_as_an_upper_bound():
    assert load_study(ROOT / "studies" / "variants").upper_bounds == ["ideal"]
    assert load_study(ROOT / "studies" / "paper").upper_bounds == []


def test_a_data_set_is_measured_or_shown_without_truth_not_both(study):
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    params["tables"]["figures"]["qualitative"] = {"datasets": ["smoke"], "rows": ["input"]}
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    with pytest.raises(ParamsError, match=r"qualitative\.datasets: 'smoke' is one of datasets\.test"):
        load_study(study)


def test_the_papers_study_shows_the_real_videos_of_su():
    for name in ("paper", "paper-released"):
        assert load_study(ROOT / "studies" / name).params.shown[-1] == "real"
