from pathlib import Path
from typing import get_args

import pytest
import skimage.data
import yaml
from conftest import ROOT

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import read_params
from pvdbench.datasets.params import DataParams, Photograph
from pvdbench.datasets.rendered.photographs import LOADERS, photograph


def read_with(tmp_path, key, value):
    """data/params.yaml with one value of the data set smoke replaced."""
    data = yaml.safe_load((ROOT / "data" / "params.yaml").read_text())
    data["smoke"][key] = value
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(data))
    return read_params(tmp_path / "params.yaml", DataParams)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("test", ["cat", "lena"], r"smoke\.test\.1: input should be 'astronaut', .* or 'tissue', got 'lena'"),
        ("train", [], r"smoke\.train: list should have at least 1 item .*, got \[\]"),
        ("seed", -1, r"smoke\.seed: input should be greater than or equal to 0, got -1"),
        ("frames", 1, r"smoke\.frames: input should be greater than or equal to 2, got 1"),
        ("subframes", 0, r"smoke\.subframes: input should be greater than or equal to 1, got 0"),
        ("camera", -0.5, r"smoke\.camera: input should be greater than or equal to 0, got -0\.5"),
        ("bursts", float("inf"), r"smoke\.bursts: input should be a finite number, got inf"),
        ("width", 96.5, r"smoke\.width: input should be a valid integer, got 96\.5"),
        ("shutter", 0.5, r"smoke\.shutter: unknown key 'shutter'; choose from bursts, camera, "),
    ],
)
def test_a_bad_value_is_refused_in_one_line_before_anything_is_rendered(tmp_path, key, value, message):
    with pytest.raises(ParamsError, match=r"params\.yaml: " + message) as refusal:
        read_with(tmp_path, key, value)
    assert "\n" not in str(refusal.value)


def test_a_good_value_is_read(tmp_path):
    assert read_with(tmp_path, "test", ["grass"]).smoke.test == ["grass"]


def test_every_photograph_is_in_the_wheel(monkeypatch):
    """Without scikit-image's cache and without its downloader, each is there and large enough for a clip."""
    monkeypatch.setattr(skimage.data._fetchers, "_image_fetcher", None)
    monkeypatch.setattr(skimage.data._fetchers, "data_dir", str(Path(skimage.data.__file__).parent))
    assert set(LOADERS) == set(get_args(Photograph))
    for name in LOADERS:
        image = photograph(name)
        assert image.mode == "RGB" and 128 <= min(image.size) <= 300
