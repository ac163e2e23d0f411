"""Training by a method's own network.py: the loop is PVDNet's, so what holds for it must hold here."""

import numpy as np
import pytest
import torch
from conftest import METHODS, make_dataset
from narrow import NARROW, recipe_of, train_narrow

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.core.params import parse_params
from pvdbench.datasets.manifest import read_clips
from pvdbench.io.weights import load_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.interface import Trainable
from pvdbench.methods.loading import load_trainable
from pvdbench.training import loop
from pvdbench.training.competitors import update_losses
from pvdbench.training.params import MethodRecipe, Recipe
from pvdbench.training.sampling import SequenceCrops, Sequences
from pvdbench.training.schedule import rate_factor


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny", frames=8)


@pytest.mark.parametrize("name", ["dvd", "ifirnn"])  # with batch normalisation, and by sequences
def test_wherever_it_stops_it_ends_alike(name, data, tmp_path, monkeypatch):
    given = {"steps": 10, "checkpoint_every": 3}
    log = train_narrow(name, data, tmp_path / "whole", **given)
    real = loop._update

    def update(run, optimiser, progress, loss, bar):
        if progress.step == 7:
            raise InterruptedError
        real(run, optimiser, progress, loss, bar)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(loop, "_update", update)
        train_narrow(name, data, tmp_path / "w", **given)
    assert (tmp_path / "w.half" / "checkpoint.pt").exists() and not (tmp_path / "w").exists()
    gone_on = train_narrow(name, data, tmp_path / "w", **given)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "whole").read_bytes()
    assert gone_on.read_bytes() == log.read_bytes()
    tensors, header = load_weights(tmp_path / "w")
    assert header == {"network": name, "options": read_card(METHODS, name).chosen(NARROW[name], name),
                      "dataset": "tiny", "seed": 0, "steps": 10}  # fmt: skip
    assert tensors.keys() == load_trainable(METHODS, name).network(**header["options"]).state_dict().keys()


@pytest.mark.parametrize("name", ["dvd", "ovd"])  # with batch normalisation
def test_looking_at_held_out_clips_teaches_nothing(name, data, tmp_path):
    held = {"clips": ["b"], "batches": 2, "keep": "last"}
    for often in (2, 6):
        train_narrow(name, data, tmp_path / str(often), steps=6, validation=held | {"every": often})
    assert (tmp_path / "2").read_bytes() == (tmp_path / "6").read_bytes()


@pytest.mark.parametrize(("loss", "expected"), [("l1", 2.5), ("mse", 3.25), ("charbonnier", 2.5)])
def test_a_loss_is_the_sum_over_an_update_s_pairs(loss, expected):
    pairs = [(torch.ones(2, 3), torch.zeros(2, 3)), (torch.zeros(4), torch.full((4,), 1.5))]
    method = Trainable("x", torch.nn.Identity, lambda network, blurry, sharp: iter([pairs, pairs]), dict)
    values = list(update_losses(method, torch.nn.Identity(), {"blurry": None, "sharp": None}, recipe(loss=loss)))
    assert len(values) == 2 and values[0].item() == pytest.approx(expected, abs=1e-5)


def test_charbonnier_is_smooth_at_zero():
    estimate = torch.zeros(5, requires_grad=True)
    method = Trainable("x", torch.nn.Identity, lambda network, blurry, sharp: iter([[(estimate, sharp)]]), dict)
    batch = {"blurry": None, "sharp": torch.zeros(5)}
    next(update_losses(method, torch.nn.Identity(), batch, recipe(loss="charbonnier"))).backward()
    assert torch.equal(estimate.grad, torch.zeros(5))


def recipe(**given):
    base = {"steps": 10, "batch": 1, "crop": [8, 8], "learning_rate": 1.0, "sequence": 2, "loss": "l1"}
    return MethodRecipe.model_validate(base | given)


def test_updates_of_each_kind_of_method(data):
    """A frame each for one image in, a frame that has its neighbours for windows, a sequence for recurrences."""
    batch = {kind: torch.rand(1, 6, 3, 16, 16) for kind in ("blurry", "sharp")}
    counts = {}
    for name, options in NARROW.items():
        method = load_trainable(METHODS, name)
        network = method.network(**read_card(METHODS, name).chosen(options, name))
        updates = [list(pairs) for pairs in method.unroll(network, batch["blurry"], batch["sharp"])]
        counts[name] = (len(updates), len(updates[0]))
        for pairs in updates:
            assert all(estimate.shape == truth.shape for estimate, truth in pairs)
            assert pairs[0][0].requires_grad
    assert counts == {"deepdeblur": (6, 3), "srn": (6, 3), "dvd": (2, 1), "edvr": (2, 1), "ovd": (1, 1),
                      "ifirnn": (1, 1)}  # fmt: skip


def test_the_truth_is_that_of_the_estimated_frame():
    """Frames of one colour each: the pairs' truths name their frames."""
    sharp = torch.arange(6.0)[None, :, None, None, None].expand(1, 6, 3, 16, 16) / 10
    frames = {}
    for name, options in NARROW.items():
        method = load_trainable(METHODS, name)
        network = method.network(**read_card(METHODS, name).chosen(options, name))
        truths = [truth for pairs in method.unroll(network, sharp, sharp) for _, truth in pairs[:1]]
        stacked = torch.cat([truth.reshape(1, -1, 3, *truth.shape[-2:]) for truth in truths], 1)
        frames[name] = (stacked.mean((0, 2, 3, 4)) * 10).round().int().tolist()
    every, inner = list(range(6)), [2, 3]
    assert frames == {"deepdeblur": every, "srn": every, "ifirnn": every, "dvd": inner, "edvr": inner, "ovd": inner}


def test_flips_turn_blurry_and_sharp_alike_and_change_no_other_draw(data):
    clips = read_clips(data, "train")
    plain = SequenceCrops(data, clips, recipe(), Sequences(2), 0)
    turned = SequenceCrops(data, clips, recipe(), Sequences(2, flips=True), 0)
    seen = set()
    for n in range(60):
        before, after = plain[n], turned[n]
        ways = {}
        for number in range(8):
            axes = [axis for axis, bit in ((-2, 1), (-1, 2)) if number & bit]
            ways[number] = {
                kind: frames.flip(axes).transpose(-2, -1) if number & 4 else frames.flip(axes)
                for kind, frames in before.items()
                if kind != "origin"
            }
        fitting = [number for number, way in ways.items() if all(torch.equal(way[kind], after[kind]) for kind in way)]
        assert fitting
        seen |= set(fitting) if len(fitting) == 1 else set()
    assert len(seen) == 8


def test_a_frame_that_is_not_square_is_only_mirrored(data):
    wide = SequenceCrops(data, read_clips(data, "train"), recipe(crop=[8, 16]), Sequences(2, flips=True), 0)
    assert {tuple(wide[n]["blurry"].shape) for n in range(20)} == {(2, 3, 8, 16)}


def test_restarts_have_weights():
    made = Recipe.model_validate(
        {"steps": 9, "batch": 1, "crop": [8, 8], "learning_rate": 2.0,
         "cosine": {"periods": [4, 4], "minimum": 0.2, "weights": [1.0, 0.5]}}
    )  # fmt: skip
    rates = [2 * rate_factor(made, step) for step in range(9)]
    assert rates[0] == pytest.approx(2) and rates[4] == pytest.approx(1) and rates[8] == pytest.approx(0.2)
    assert rates[2] == pytest.approx(1.1) and rates[6] == pytest.approx(0.6)
    with pytest.raises(ValueError, match="1 weights for 2 periods; give each period one"):
        Recipe.model_validate(made.model_dump() | {"crop": [8, 8],
                              "cosine": {"periods": [4, 4], "minimum": 0.2, "weights": [1.0]}})  # fmt: skip


def test_a_rate_that_falls_by_a_power():
    made = recipe(power=0.3)
    np.testing.assert_allclose([rate_factor(made, step) for step in (0, 5, 9)], [1, 0.5**0.3, 0.1**0.3])


def test_an_unknown_key_of_a_row_s_recipe_is_refused(tmp_path):
    with pytest.raises(ParamsError, match=r"unknown key 'stepps'; choose from "):
        recipe_of("dvd", stepps=3)
    with pytest.raises(ParamsError, match="loss: input should be 'l1', 'mse' or 'charbonnier', got 'l3'"):
        recipe_of("dvd", loss="l3")
    with pytest.raises(ParamsError, match="sequence: this key is missing; add it"):
        parse_params(
            tmp_path, {"steps": 1, "batch": 1, "crop": [8, 8], "learning_rate": 1.0, "loss": "l1"}, MethodRecipe
        )


def test_a_network_file_that_lacks_a_function_is_named(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "method.yaml").write_text("label: x\ntask: deblur\ncitation: somebody\ntraining: {loss: l1}\n")
    (folder / "adapter.py").write_text("class Method: pass\n")
    (folder / "network.py").write_text("def network(): ...\n")
    with pytest.raises(
        MethodError, match=r"x/network\.py: it must offer functions network and unroll, .* AttributeError"
    ):
        load_trainable(tmp_path, "x")
    (folder / "network.py").unlink()
    with pytest.raises(MethodError, match=r"it must offer functions network and unroll, .* ModuleNotFoundError"):
        load_trainable(tmp_path, "x")


def test_methods_of_one_name_in_two_folders_are_not_mixed(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder / "x").mkdir(parents=True)
        (tmp_path / folder / "x" / "method.yaml").write_text("label: x\ntask: deblur\ncitation: y\ntraining: {}\n")
        (tmp_path / folder / "x" / "adapter.py").write_text("from .network import network\nclass Method: pass\n")
        text = f"def network(): return {folder!r}\ndef unroll(network, blurry, sharp): ...\n"
        (tmp_path / folder / "x" / "network.py").write_text(text)
    assert [load_trainable(tmp_path / folder, "x").network() for folder in ("one", "two")] == ["one", "two"]
