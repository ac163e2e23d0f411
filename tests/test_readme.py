"""The README: what it shows works, what it names is there."""

import re
import shlex
import subprocess
from fractions import Fraction

import numpy as np
import pytest
import torch
import yaml
from command import pvdbench
from conftest import ROOT
from outside_package import python
from recorded import ORACLES, recorded_run
from weights import oracle_weights

from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
from pvdbench.io.images import write_frame
from pvdbench.io.video.writing import VideoWriter
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer

README = (ROOT / "README.md").read_text()


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no example {name}: the comment before its block names it"
    return found[1]


@pytest.fixture
def sharpen(tmp_path):
    """The README's method in a folder of its own."""
    folder = tmp_path / "methods" / "sharpen"
    folder.mkdir(parents=True)
    for name in ("method.yaml", "adapter.py"):
        (folder / name).write_text(example(name))
    return folder.parent


def test_the_method_in_ten_lines_is_one_and_runs(sharpen, dataset, tmp_path):
    assert len([line for line in example("adapter.py").splitlines() if line.strip()]) <= 13
    method, card = load_deblurrer(sharpen, "sharpen"), read_card(sharpen, "sharpen")
    method.load({}, torch.device("cpu"), **card.options)
    clip = Clip(sorted((dataset / "a" / "input").iterdir()))
    sharpened = list(method.deblur(clip))
    assert np.mean([float((s - f).abs().mean()) for s, f in zip(sharpened, clip, strict=True)]) > 0.001
    files = (tmp_path / name for name in ("out", "complexity.json", "cost.json", "x.log"))
    assert run_row(RowRun("deblur", "stage", "ours", sharpen, "sharpen", None, dataset, *files, threads=1)) == ""
    assert len(list((tmp_path / "out").rglob("*.png"))) == 8


def test_its_make_targets_are_there():
    targets = set(re.findall(r"(?:^|`)make ([\w-]+)", README, re.MULTILINE))
    assert {"study", "test", "test-fast", "check", "docs"} <= targets
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture
def anything(tmp_path):
    """What the README's examples name, in a repository that is this one otherwise."""
    commit = ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x")
    for words in (("init", "-q"), commit):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    for name in ("methods", "studies", "data", "params.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    run = recorded_run()
    for name in ("SHARP", "OURS"):
        (tmp_path / name).mkdir()
        for t, frame in enumerate(run["frames"]):
            write_frame(tmp_path / name / f"{t}.png", frame)
    for name, frame in zip(("A.png", "B.png"), run["frames"], strict=False):
        write_frame(tmp_path / name, frame)
    with VideoWriter(tmp_path / "VIDEO.mp4", Fraction(25), lossless=False) as video:
        for frame in run["frames"]:
            video.write(frame)
    gains = {"BIMNet.": float(run["bgain"]), "PVDNet.": float(run["pgain"])}
    weights = oracle_weights(ORACLES / "pvdnet" / "keys.csv", int(run["seed"]), gains)
    torch.save({name: torch.as_tensor(value) for name, value in weights.items()}, tmp_path / "PVDNet.pytorch")
    return tmp_path


def test_its_pvdbench_commands_run_in_order(anything):
    commands = re.findall(r"^pvdbench ([^#\n]+)", README, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        if command.startswith(("verify", "study run")):  # needs a study that ran: tests/pipeline
            continue
        run = pvdbench(*shlex.split(command), cwd=anything)
        assert run.returncode == 0, run.stderr
    score = python(example("score.py"), cwd=anything)
    assert {"koehler", "plain-rgb"} <= {line.split()[0] for line in score.stdout.splitlines()}, score.stderr
    for made in ("scores.csv", "pvdnet.safetensors", "sharp.mp4", "flow.flo", "flow.png"):
        assert (anything / made).stat().st_size > 0


def test_the_parameters_that_it_changes_are_there():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    changed = re.findall(r"-S '?([\w.]+)=", README)
    assert changed, "the README shows no change of a parameter, or shows it in another way than this looks for"
    for name in changed:
        value = params
        for part in name.split("."):
            value = value[part]
