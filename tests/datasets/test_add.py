import re

import pytest
import yaml
from conftest import ROOT
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.datasets.add import TAKEN
from pvdbench.datasets.add import add_dataset as add_in_layout
from pvdbench.datasets.layouts.registry import find_layout, recognise_layout
from pvdbench.datasets.manifest import read_clips

from .film import film

NAMES = [f"{t:03d}" for t in range(4)]


def add_dataset(name, folder, out, layout=None, *, jobs):
    return add_in_layout(name, folder, out, find_layout(layout) if layout else recognise_layout(folder), jobs=jobs)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kinds", [("blur", "sharp"), ("input", "GT"), ("blur_gamma", "sharp")])
def test_any_folder_becomes_a_test_split_that_stages_read(tmp_path, kinds):
    film(tmp_path / "mine/a" / kinds[0], tmp_path / "mine/a" / kinds[1], NAMES)
    add_dataset("own", tmp_path / "mine", tmp_path / "data/own", jobs=1)
    (clip,) = read_clips(tmp_path / "data/own", "test")
    assert [frame.name for frame in clip.frames] == NAMES
    for frame in clip.frames:
        assert frame.blurry.read_bytes() == (tmp_path / "mine/a" / kinds[0] / frame.blurry.name).read_bytes()
        assert frame.sharp.read_bytes() == (tmp_path / "mine/a" / kinds[1] / frame.sharp.name).read_bytes()
        assert frame.blurry.is_relative_to(tmp_path / "data/own") and not frame.blurry.is_symlink()


def test_train_and_test_are_kept_apart_even_with_equal_names(tmp_path):
    for seed, split in enumerate(("train", "test")):
        film(tmp_path / "mine" / split / "a/blur", tmp_path / "mine" / split / "a/sharp", NAMES, seed=seed)
    add_dataset("own", tmp_path / "mine", tmp_path / "own", jobs=1)
    train, test = (read_clips(tmp_path / "own", split)[0].frames[0].sharp for split in ("train", "test"))
    assert train.read_bytes() != test.read_bytes()


def test_equal_folders_give_equal_bytes(tmp_path):
    film(tmp_path / "mine/a/blur", tmp_path / "mine/a/sharp", NAMES)
    for name in ("one", "two"):
        add_dataset(name, tmp_path / "mine", tmp_path / name, jobs=1)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_blurry_frames_alone_are_qualitative(tmp_path):
    film(tmp_path / "mine/a/blur", None, NAMES)
    add_dataset("own", tmp_path / "mine", tmp_path / "own", jobs=1)
    (clip,) = read_clips(tmp_path / "own", "test")
    assert all(frame.truth is None for frame in clip.frames)


def _mixed(mine):
    film(mine / "b/blur", None, NAMES)


def _two(mine):
    film(mine / "a/input", None, NAMES)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda m: (m / "a/sharp/002.png").unlink(), "must hold the frames 000 to 003; 1 of 4 are missing, 002"),
        (
            lambda m: (m / "a/blur/002.png").unlink(),
            "sharp: this folder must hold the frames 000 to 003, and holds 002, too",
        ),
        (lambda m: (m / "a/blur/002.png").write_bytes(b"GIF"), r"blur/002\.png: this is no readable PNG or JPEG"),
        (
            lambda m: Image.new("RGB", (8, 8)).save(m / "a/blur/001.png"),
            r"blur/001\.png: this frame is of 8x8, .* of 40x24",
        ),
        (lambda m: (m / "a/blur/002.png").rename(m / "a/blur/10.png"), "hold the frames 000 to 10; 1 of 4 are missing"),
        (lambda m: (m / "a/blur").rename(m / "a/images"), "a: a video has a folder of blurry frames, and this one has"),
        (_two, "a: it has several folders of blurry frames, blur, input; choose by --blurry"),
        (_mixed, "b has no truth and other videos of its split have"),
        (lambda m: (m / "a").rename(m.parent / "gone"), "no video lies there in the layout 'pairs', VIDEO"),
        (lambda m: (m.parent / "own").mkdir(), "there is a data set of this name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_left(tmp_path, harm, message):
    film(tmp_path / "mine/a/blur", tmp_path / "mine/a/sharp", NAMES)
    harm(tmp_path / "mine")
    with pytest.raises(DataError) as caught:
        add_dataset("own", tmp_path / "mine", tmp_path / "own", jobs=1)
    assert re.search(message, str(caught.value)), caught.value
    assert not (tmp_path / "own/manifest.csv").exists() and not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("name", ["../mine", "my set", "", ".mine", "a/b", "weights", "deblur"])
def test_a_name_that_leads_elsewhere_or_belongs_to_a_stage_is_refused(tmp_path, name):
    film(tmp_path / "mine/a/blur", tmp_path / "mine/a/sharp", NAMES)
    with pytest.raises(DataError, match=r"name is of letters, digits, .*; choose one such as 'mine'"):
        add_dataset(name, tmp_path / "mine", tmp_path / "data" / name, jobs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_no_name_of_a_stages_folder_is_free():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    outs = [out for stage in stages for out in stage.get("do", stage).get("outs", [])]
    outs = [next(iter(out)) if isinstance(out, dict) else out for out in outs]  # a dictionary where an output has keys
    outs = [out for out in outs if out.startswith("data/")]
    assert {out.split("/")[1] for out in outs} <= TAKEN
    ignored = {line.split("/")[2] for line in (ROOT / ".gitignore").read_text().splitlines() if line[:6] == "/data/"}
    assert ignored - TAKEN == {"sample", "smoke", "su", "real", "nah", "nah-linear", "sample-2", "su-2", "nah-2"}
