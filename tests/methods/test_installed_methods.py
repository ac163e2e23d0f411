"""Methods that an installed package brings by an entry point `pvdbench.methods`."""

import shutil
import subprocess

import pytest
import yaml
from command import edit
from conftest import ROOT, make_dataset
from outside_package import InstalledPage, OutsidePackage, add_method, pvdbench, python


@pytest.fixture
def study(tmp_path):
    """A repository with the smoke study's parameters, a tiny data set and the methods that need no weights."""
    folder = tmp_path / "study"
    subprocess.run(["git", "init", "-q", folder], check=True)
    for name in ("input", "static", "tvl1", "pvdnet", "liteflownet", "bimnet"):
        shutil.copytree(ROOT / "methods" / name, folder / "methods" / name)
    shutil.copytree(ROOT / "data" / "published", folder / "data" / "published")
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    make_dataset(folder / "data" / "smoke", videos=("a",), frames=3, size=(64, 64))
    return folder


def package(site, name="negative"):
    """A package with a folder of one method, which inverts the frames."""
    return add_method(OutsidePackage(site), name)


@pytest.mark.slow
def test_it_is_listed_checked_run_and_has_a_row(study, tmp_path):
    edit(study, lambda params: params["deblur"].update(theirs={"method": "negative", "motion": "static"}))
    packages = [package(tmp_path / "site")]
    assert "negative" in pvdbench("methods", "list", packages=packages, cwd=study).stdout
    check = pvdbench("methods", "check", "negative", packages=packages, cwd=study)
    assert "loads: fine: 0 parameters" in check.stdout, check.stderr
    run = pvdbench("methods", "run", "negative", "smoke", packages=packages, cwd=study)
    assert run.returncode == 0 and " dB, SSIM " in run.stdout, run.stderr
    run = pvdbench("infer", "deblur", "smoke", "theirs", packages=packages, cwd=study)
    assert run.returncode == 0 and (study / "data/deblur/smoke/theirs/a/00000.png").exists(), run.stderr
    run = pvdbench("validate", cwd=study)
    assert run.returncode == 2 and "no method 'negative' with a method.yaml is there" in run.stderr


def test_it_deblurs_anybody_s_frames(study, tmp_path):
    source, out = study / "data/smoke/a/input", tmp_path / "out"
    arguments = ("deblur", source, "--out", out, "--method", "negative", "--methods", study / "methods")
    run = pvdbench(*arguments, packages=[package(tmp_path / "site")], cwd=tmp_path)
    assert run.returncode == 0 and "3 frames by negative" in run.stdout, run.stderr


def test_a_name_that_the_tree_has_is_refused(study, tmp_path):
    packages = [
        package(tmp_path / "site", "input"),
    ]
    run = pvdbench("validate", packages=packages, cwd=study)
    assert run.returncode == 2 and "input is a method of this name, too; rename one of them, or uninstall" in run.stderr


def test_a_package_without_methods_is_left_out_by_name(tmp_path):
    code = "from pvdbench.methods.folders import installed_folders; print(installed_folders())"
    empty = OutsidePackage(tmp_path / "a", "empty").write("folders/__init__.py", "")
    empty.register("pvdbench.methods", "nothing", "empty.folders")
    broken = OutsidePackage(tmp_path / "b", "broken").register("pvdbench.methods", "lost", "broken.nowhere")
    run = python(code, empty, broken)
    assert run.returncode == 0 and run.stdout.strip() == "()"
    first, second = run.stderr.splitlines()
    assert first.startswith("pvdbench: package broken: 'lost' of pvdbench.methods is left out: ModuleNotFoundError")
    assert second.startswith("pvdbench: package empty: 'nothing' of pvdbench.methods is left out: /")


@pytest.mark.slow
def test_the_example_of_the_page_is_installed_and_passes(study, tmp_path):
    packages = [InstalledPage("adding-a-method.md", tmp_path)]
    assert "brighter" in pvdbench("methods", "list", packages=packages, cwd=study).stdout
    run = pvdbench("methods", "check", "brighter", packages=packages, cwd=study)
    assert run.returncode == 0 and run.stdout.count(": fine: ") == 6, run.stdout + run.stderr
