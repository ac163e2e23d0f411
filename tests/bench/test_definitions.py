"""Each part computes what its straightforward version does: 1e-4 of the networks, 1e-6 dB of scores."""

import math
import time

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT

from pvdbench.bench.part import NotMeasuredError, Setting, Timed
from pvdbench.bench.parts import parts
from pvdbench.bench.score_definitions import decode
from pvdbench.bench.training_parts import DEFAULT_STUDY, DEFAULT_WIDTH
from pvdbench.bench.update import textbook_updates, timed_updates
from pvdbench.io.images import read_frame
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.scoring.score_file import read_score_file
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.params import SequenceRecipe

WITHOUT = {"koehler-subpixel"}  # a definition
BFLOAT16 = "recurrent-frame-bfloat16"  # many times slower where the processor does not compute in it
OF_THEIR_OWN = {"encode", "all-protocols", "row", "update-default", "update-paper", "loader", "start-up", "no-op-study"}
COMPARED = [name for name in parts() if name not in WITHOUT | OF_THEIR_OWN | {BFLOAT16}]


@pytest.fixture
def both(tmp_path):
    """The results of a part and of its definition, each after a call before, as recurrences have a state."""

    def both(name, calls=2):
        results = []
        for version, set_up in (("fast", parts()[name].work), ("plain", parts()[name].definition)):
            (tmp_path / version).mkdir()
            work = set_up(Setting(96, 64, 1, tmp_path / version, tmp_path))
            assert work.moved >= 0 and (work.operations is None or work.operations >= 0)
            results.append([work.call() for _ in range(calls)])
        return results

    return both


def test_every_part_has_a_definition_but_one():
    assert {name for name, part in parts().items() if part.definition is None} == WITHOUT
    assert len(COMPARED) >= 19


@pytest.mark.parametrize("name", COMPARED)
def test_a_part_is_its_definition(both, name):
    for fast, plain in zip(*both(name), strict=True):
        if isinstance(fast, torch.Tensor):
            assert fast.shape == plain.shape and fast.abs().max() > 1e-3
            assert (fast - plain).abs().max() < 1e-4
        elif isinstance(fast, np.ndarray):
            assert np.array_equal(fast, plain)
        else:  # a warped frame is read in float32
            assert fast == pytest.approx(plain, abs=1e-4 if name == "temporal" else 1e-6)


def test_bfloat16_is_close(both, monkeypatch):
    monkeypatch.setattr("pvdbench.inference.precision.is_fast", lambda precision: True)
    for fast, plain in zip(*both(BFLOAT16, calls=1), strict=True):
        assert 0 < (fast - plain).abs().max() < 0.02


def test_bfloat16_is_not_measured_where_the_processor_does_not_compute_in_it(monkeypatch, tmp_path):
    monkeypatch.setattr("pvdbench.inference.precision.is_fast", lambda precision: False)
    with pytest.raises(NotMeasuredError, match="computes bfloat16 in software"):
        parts()[BFLOAT16].work(Setting(96, 64, 1, tmp_path, tmp_path))


def test_both_encoders_write_the_same_pixels(both, tmp_path):
    both("encode", calls=1)
    frames = [read(tmp_path / way / "frame.png") for way in ("fast", "plain") for read in (read_frame, decode)]
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_all_protocols_are_their_definitions(both):
    (fast,), (plain,) = both("all-protocols", calls=1)
    assert fast.keys() - plain.keys() == WITHOUT and not plain.keys() - fast.keys()
    for name, scores in plain.items():
        assert fast[name] == pytest.approx(scores, abs=1e-6)


def test_a_rows_scores_are_their_definitions(both):
    (file,), (plain,) = both("row", calls=1)
    table = read_score_file(file)
    assert len(plain) == table["frame"].nunique() == 4
    for frame, of_frame in zip(table["frame"].unique(), plain, strict=True):
        for name, scores in of_frame.items():
            found = table[(table["frame"] == frame) & (table["protocol"] == name)]
            assert len(found) == bool(scores)
            for metric, value in scores.items():
                assert found[metric].item() == pytest.approx(value, abs=1e-4 if name == "temporal" else 1e-5), metric


def test_the_loader_gives_the_batches_of_the_decoded_frames(both):
    for fast, plain in zip(*both("loader"), strict=True):
        assert fast.keys() == plain.keys() >= {"blurry", "sharp"}
        assert all(torch.equal(fast[key], plain[key]) for key in fast)
        assert fast["blurry"].shape == (8, 13, 3, 64, 64)


def _slow(model, recipe):
    """Losses that take 50 ms more."""

    def losses(batch):
        for loss in sequence_losses(model, batch, recipe):
            time.sleep(0.05)
            yield loss

    return losses


def test_updates_are_those_of_a_textbook():
    recipe = SequenceRecipe.model_validate(DEFAULT_STUDY | {"batch": 1, "crop": [32, 32], "sequence": 2, "warmup": 3})
    torch.manual_seed(0)
    batch = {kind: torch.rand(1, 2, 3, 32, 32) for kind in ("blurry", "sharp")}
    found, weights = [], []
    for run in (timed_updates, textbook_updates):
        torch.manual_seed(1)
        model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None)
        found.append(run(model, recipe, batch, lambda b, m=model: sequence_losses(m, b, recipe), warm=1, updates=5))
        weights.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    assert all(isinstance(timed, Timed) and timed.repetitions == 6 and timed.milliseconds > 0 for timed in found)
    another = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None)
    single = timed_updates(another, recipe, batch, _slow(another, recipe), warm=0, updates=1)
    assert single.repetitions == 1 and single.milliseconds > 50  # the loss is part of its update
    assert found[0].value == pytest.approx(found[1].value, rel=1e-5)
    assert len(set(found[0].value)) == 6 and not any(map(math.isnan, found[0].value))
    assert (weights[0] - weights[1]).abs().max() < 1e-5


def test_the_default_studys_update_is_the_default_studys():
    study = yaml.safe_load((ROOT / "params.yaml").read_text())
    recipe = {key: value for key, value in study["training"]["deblur"].items() if not key.startswith("decay")}
    assert recipe == DEFAULT_STUDY
    assert study["deblur"]["bimc-pv"]["network"] == {"volume": "gray", "width": DEFAULT_WIDTH}
    assert study["training"]["motion"]["width"] == DEFAULT_WIDTH
