"""`pvdbench methods` as a user meets it."""

import shutil
import subprocess

import pytest
import yaml
from command import edit, files, one_line, pvdbench, pvdbench_here
from conftest import METHODS, ROOT, make_dataset
from fake_method import write_method

from pvdbench.analysis.published import read_published
from pvdbench.methods.card import method_names, read_card
from pvdbench.tables.table import MISSING


@pytest.fixture
def study(tmp_path):
    """A repository with the smoke study's parameters, a tiny data set and the methods that need no weights."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in ("input", "static", "tvl1", "pvdnet", "liteflownet", "bimnet"):
        shutil.copytree(ROOT / "methods" / name, tmp_path / "methods" / name)
    shutil.copytree(ROOT / "data" / "published", tmp_path / "data" / "published")
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    make_dataset(tmp_path / "data" / "smoke", videos=("a",), frames=3)
    return tmp_path


@pytest.mark.slow
def test_from_new_to_a_score(study):
    run = pvdbench("methods", "new", "mine", cwd=study)
    assert run.returncode == 0 and "mine: {method: mine, motion: static}" in run.stdout, run.stderr
    run = pvdbench("methods", "check", "mine", cwd=study)
    assert run.returncode == 0 and run.stdout.count(": fine: ") == 6, run.stdout + run.stderr
    run = pvdbench("methods", "run", "mine", "smoke", cwd=study)
    assert run.returncode == 0 and "koehler: " in run.stdout and " dB, SSIM " in run.stdout, run.stderr
    trial = study / "data" / "trials" / "smoke" / "mine"
    assert (trial / "scores.csv").exists() and len(list((trial / "frames").rglob("*.png"))) == 3
    listed = pvdbench_here("methods", "list", cwd=study).stdout
    assert [line.split()[0] for line in listed.splitlines()][1:] == [
        "bimnet", "input", "liteflownet", "mine", "pvdnet", "static", "tvl1"
    ]  # fmt: skip
    of = {line.split()[0]: line for line in listed.splitlines()}
    assert of["pvdnet"].endswith("nah-unstated 31.09 to 31.52 dB, su 31.63 to 32.31 dB")
    assert of["mine"].endswith(MISSING)


def test_a_card_names_a_method_that_was_published():
    known = set(read_published(ROOT).numbers["method_name"])
    cards = [read_card(METHODS, name) for name in method_names(METHODS)]
    named = {card.published for card in cards if card.published}
    assert {"PVDNet", "EDVR", "SRN", "DBN/DVD", "DeepDeblur", "IFI-RNN", "OVD"} <= named <= known


@pytest.mark.slow
def test_a_method_that_breaks_the_contract_fails_the_check_and_the_run(study):
    write_method(study / "methods", "x", deblur="yield from list(clip)[1:]")
    run = pvdbench("methods", "check", "x", cwd=study)
    assert "three frames: FAILED: the method yielded 2 frames for 3; yield one per frame" in run.stdout
    assert "x: 5 of 6 checks failed, listed above" in one_line(run)
    assert "x: a: 2 frames for 3; yield one per frame" in one_line(pvdbench("methods", "run", "x", "smoke", cwd=study))


def test_names_that_are_not_valid_taken_or_unknown(study):
    before = files(study)
    for arguments, message in (
        (("new", "My_Method"), "choose small letters, digits and single hyphens"),
        (("new", "input"), "there is a method of this name"),
        (
            ("check", "nobody"),
            "no method 'nobody' with a method.yaml is there; choose from bimnet, input, liteflownet, pvdnet",
        ),
        (("run", "nobody", "smoke"), "choose from bimnet, input"),
        (("run", "input", "su"), "data/su: this data set is not there: it has no manifest.csv"),
    ):
        assert message in one_line(pvdbench_here("methods", *arguments, cwd=study))
    assert files(study) == before


@pytest.mark.slow
def test_methods_may_live_outside_the_tree(study, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    assert pvdbench("methods", "new", "theirs", "--in", str(outside), cwd=study).returncode == 0
    assert "theirs" not in pvdbench_here("methods", "list", cwd=study).stdout
    edit(study, lambda p: p.update(methods=[str(outside)]))
    edit(study, lambda p: p["deblur"].update(theirs={"method": "theirs", "motion": "static"}))
    assert "theirs" in pvdbench_here("methods", "list", cwd=study).stdout
    run = pvdbench("infer", "deblur", "smoke", "theirs", cwd=study)
    assert run.returncode == 0 and (study / "data" / "deblur" / "smoke" / "theirs" / "a" / "00000.png").exists()
    shutil.copytree(outside / "theirs", study / "methods" / "theirs")
    assert "is a method of this name, too" in one_line(pvdbench_here("validate", cwd=study))
    edit(study, lambda p: p.update(methods=["nowhere"]))
    assert "nowhere: this folder holds no method" in one_line(pvdbench_here("validate", cwd=study))


@pytest.mark.slow
def test_a_row_that_fails_does_not_stop_the_study(study):
    write_method(study / "methods", "x", deblur="raise ValueError('no luck')\n        yield")
    edit(study, lambda p: p["deblur"].update(ours={"method": "x", "motion": "static"}))
    run = pvdbench("infer", "deblur", "smoke", "ours", cwd=study)
    assert run.returncode == 0 and "ours: skipped: the method raised ValueError: no luck" in run.stderr
    run = pvdbench("score", "deblur", "smoke", "ours", cwd=study)
    scores = study / "data" / "scores" / "deblur" / "smoke" / "ours.csv"
    assert run.returncode == 0 and len(scores.read_text().splitlines()) == 1
