"""The documentation: its examples run and print what they show, and what it lists is what is there."""

import importlib
import io
import re
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from outside_package import InstalledPage, pvdbench
from scoring.frames import noisy, textured
from skimage.metrics import normalized_root_mse

from pvdbench.io.images import write_frame

DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))


def python_blocks(page):
    """The page's code blocks in order, each with the text block that follows it, if one does."""
    blocks = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", (DOCS / page).read_text(), re.DOTALL)
    assert blocks, f"docs/{page} shows no Python"
    return blocks


def test_the_page_of_the_api_prints_what_it_shows(fake, monkeypatch):
    monkeypatch.chdir(fake.root)  # a study that ran
    names = {}
    shown = 0
    for code, expected in python_blocks("python.md"):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, "docs/python.md", "exec"), names)
        lines = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        assert expected in ("", lines), f"docs/python.md shows\n{expected}\nand prints\n{lines}"
        shown += bool(expected)
    assert shown == 4


def test_a_comparison_of_two_methods_takes_fifteen_lines():
    (code,) = (code for code, _ in python_blocks("python.md") if "methods = {" in code)
    comparison = code[code.index("methods = {") :]
    assert len([line for line in comparison.splitlines() if line.strip()]) <= 15


ARCHITECTURE, METRIC_PAGE = ((DOCS / page).read_text() for page in ("architecture.md", "adding-a-metric.md"))


def folders_of_the_tree():
    """The folders that docs/architecture.md draws, in its order, as paths below pvdbench/."""
    drawn = re.search(r"```\npvdbench/\n(.*?)```", ARCHITECTURE, re.DOTALL)[1]
    found, above = [], ""
    for indent, name in re.findall(r"^( +)([\w.]+/?)", drawn, re.MULTILINE):
        path = f"{above}/{name}" if len(indent) == 4 else name
        above = above if len(indent) == 4 else name.strip("/")
        found.append(path)
    return found


def test_the_tree_has_every_package_and_no_other():
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files", "pvdbench"], capture_output=True, text=True, check=True)
    packages = {
        PurePosixPath(file).parent.relative_to("pvdbench").as_posix() + "/"
        for file in tracked.stdout.splitlines()
        if file.endswith("/__init__.py")
    } - {"./"}
    drawn = folders_of_the_tree()
    assert len(drawn) == len(set(drawn)) and set(drawn) - {"api.py"} == packages


def test_the_tree_is_in_the_linters_order():
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    assert [re.split(r"[/.]", path)[0] for path in folders_of_the_tree() if path.count("/") < 2] == layers


def test_the_way_of_a_number_names_functions_that_are_there():
    way = ARCHITECTURE[ARCHITECTURE.index("## The way of one number") : ARCHITECTURE.index("## One place")]
    steps = re.findall(r"^\| ([\w/]+)\.py \| `(\w+)` \|", way, re.MULTILINE)
    assert len(steps) == len(re.findall(r"^\| ", way, re.MULTILINE)) - 2
    for module, name in steps:
        assert hasattr(importlib.import_module("pvdbench." + module.replace("/", ".")), name), (module, name)


def test_the_registries_that_extensions_are_named_in_are_there():
    table = ARCHITECTURE[ARCHITECTURE.index("## One place") : ARCHITECTURE.index("## What is ours")]
    registries = re.findall(r"`(\w+)` in ([\w/]+)\.py", table)
    assert len(registries) == 4
    for name, module in registries:
        assert hasattr(importlib.import_module("pvdbench." + module.replace("/", ".")), name), (module, name)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "log.md"])  # which says what was
def test_files_of_the_package_that_a_page_names_are_there(page):
    text = (DOCS / page).read_text()
    packages = "|".join(sorted({path.rstrip("/").split("/")[0] for path in folders_of_the_tree()} - {"api.py"}))
    for path in re.findall(rf"(?<![\w/.])(?:pvdbench/)?((?:{packages})/[\w/]+\.py)", text):
        assert (ROOT / "pvdbench" / path).exists() or (ROOT / path).exists(), path


def test_the_site_has_every_page_and_nothing_from_elsewhere():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    pages = [page for entry in site["nav"] for page in _pages(entry)]
    assert sorted(pages) == PAGES
    assert site["strict"] and site["theme"]["font"] is False
    assert not {"extra_css", "extra_javascript"} & set(site)


def _pages(entry):
    if isinstance(entry, str):
        return [entry]
    values = entry.values() if isinstance(entry, dict) else entry
    return [page for value in values for page in _pages(value)]


@pytest.fixture(scope="module")
def nrmse(tmp_path_factory):
    """The package of docs/adding-a-metric.md, installed by pip, and frames to score."""
    folder = tmp_path_factory.mktemp("nrmse")
    truth = [textured((48, 64), seed) for seed in range(3)]
    for name, frames in (("SHARP", truth), ("OURS", map(noisy, truth))):
        for t, frame in enumerate(frames):
            (folder / name).mkdir(exist_ok=True)
            write_frame(folder / name / f"{t}.png", frame)
    return InstalledPage("adding-a-metric.md", folder)


def test_the_metric_of_the_page_is_installed_and_scores(nrmse):
    folder = nrmse.site.parent
    shown = pvdbench("score", "folder", "--help", packages=[nrmse])
    assert re.search(r"\|\s*nrmse\s*\]", shown.stdout), shown.stderr
    command = re.search(r"`pvdbench (score folder --truth SHARP --estimate OURS [^`]*)`", METRIC_PAGE)[1].split()
    run = pvdbench(*command, "--jobs", "2", packages=[nrmse], cwd=folder)
    truth = [textured((48, 64), seed) for seed in range(3)]
    expected = [normalized_root_mse(frame, noisy(frame)) for frame in truth]
    assert run.stdout == "nrmse: {0:.4f} (per clip {0:.4f}) over 3 frames\n".format(np.mean(expected)), run.stderr
    table = pd.read_csv(folder / "scores.csv")
    assert table.columns[-1] == "nrmse" and np.allclose(table["nrmse"], expected, atol=5e-7)
    run = pvdbench(*command, cwd=folder)
    assert run.returncode == 2 and "unknown protocol 'nrmse'; choose from all, koehler" in run.stderr


def test_the_metric_of_the_page_has_no_value_for_a_black_truth(nrmse, monkeypatch):
    monkeypatch.syspath_prepend(nrmse.site)
    from pvdbench.scoring.frame_pair import FramePair

    protocol = importlib.import_module("pvdbench_nrmse").PROTOCOL
    monkeypatch.delitem(sys.modules, "pvdbench_nrmse")
    black = np.zeros((48, 64, 3), np.uint8)
    assert np.isnan(protocol.score(FramePair(black, black))["nrmse"]) and protocol.metrics[0].optional
