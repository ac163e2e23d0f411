"""The repository that most tests of the command run in."""

import shutil
import subprocess

import pytest
import yaml
from conftest import ROOT, make_dataset


@pytest.fixture
def study(tmp_path):
    """A repository with the smoke study's parameters and a tiny data set."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copytree(ROOT / "methods", tmp_path / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}, sort_keys=False))
    make_dataset(tmp_path / "data" / "smoke")
    return tmp_path
