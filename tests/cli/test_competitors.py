"""Rows of competing methods as a user meets them: trained, run, imported, refused."""

import pytest
import torch
from command import edit, files, one_line, pvdbench, pvdbench_here
from conftest import METHODS
from narrow import NARROW

from pvdbench.io.weights import load_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_trainable

SHORT = {"steps": 4, "batch": 2, "crop": [32, 32], "sequence": 4, "cosine": None}


@pytest.fixture
def row(study):
    """The study with a row of IFI-RNN."""

    def add(params):
        params["deblur"]["ours"] = {
            "method": "ifirnn", "motion": "static", "options": NARROW["ifirnn"], "training": SHORT,
        }  # fmt: skip

    edit(study, add)
    return study


@pytest.mark.slow
def test_a_row_is_trained_and_run(row):
    run = pvdbench("train", "deblur", "ours", "--study", row)
    assert run.returncode == 0, run.stderr
    weights = row / "data" / "weights" / "deblur" / "ours.safetensors"
    _, header = load_weights(weights)
    assert header["network"] == "ifirnn" and header["options"] == {"channels": 4, "blocks": 1, "iterations": 3}
    run = pvdbench("infer", "deblur", "smoke", "ours", "--study", row)
    assert run.returncode == 0, run.stderr
    assert len(list((row / "data" / "deblur" / "smoke" / "ours").rglob("*.png"))) == 8
    out = row / "out"
    frames = row / "data" / "smoke" / "a" / "input"
    run = pvdbench("deblur", frames, "--method", "ifirnn", "--weights", weights, "--out", out, "--methods", METHODS)
    assert run.returncode == 0, run.stderr
    ours = row / "data" / "deblur" / "smoke" / "ours" / "a"
    assert pictures(out) == pictures(ours)


def pictures(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.mark.parametrize(
    ("row_", "message"),
    [
        (
            {"options": {"chanels": 4}},
            "deblur.ours.options.chanels: unknown option 'chanels'; choose from blocks, channels, iterations",
        ),
        ({"options": {"channels": 4.5}}, "deblur.ours.options.channels: 4.5 is no int; correct it"),
        (
            {"options": {"channels": -1}},
            "ifirnn: its network cannot be built with channels: -1",
        ),
        (
            {"method": "dvd", "options": {"align": "flow"}},
            "(unknown align 'flow'; choose from none, tvl1); correct",
        ),
        ({"training": {"step": 3}}, "deblur.ours.training: step: unknown key 'step'; choose from batch, channels_last"),
        ({"training": {"steps": 0}}, "deblur.ours.training: steps: input should be greater than or equal to 1, got 0"),
        (
            {"network": {"volume": "warp"}},
            "deblur.ours.network: the method 'ifirnn' brings its own network",
        ),
        ({"method": "input", "options": {}}, "deblur.ours.training: the method 'input' has no recipe of its own"),
    ],
)
def test_a_mistaken_row_is_one_line(row, row_, message):
    edit(row, lambda params: params["deblur"]["ours"].update(row_))
    before = files(row)
    assert message in one_line(pvdbench_here("train", "deblur", "ours", "--study", row))
    assert files(row) == before


def test_a_method_without_weights_is_one_line(row):
    frames = row / "data" / "smoke" / "a" / "input"
    run = pvdbench_here("deblur", frames, "--method", "dvd", "--out", row / "out", "--methods", METHODS)
    assert "dvd: this method needs a file of weights; give one with --weights" in one_line(run)
    assert not (row / "out").exists()


@pytest.fixture
def published(tmp_path):
    """A checkpoint of IFI-RNN as ESTRNN's training program saves one."""
    torch.manual_seed(0)
    options = read_card(METHODS, "ifirnn").chosen(NARROW["ifirnn"], "x")
    state = load_trainable(METHODS, "ifirnn").network(**options).state_dict()
    torch.save({"epoch": 3, "state_dict": {f"module.model.{key}": value for key, value in state.items()}},
               tmp_path / "theirs.pth")  # fmt: skip
    return tmp_path / "theirs.pth", state


def import_(source, out, name="ifirnn", given=("channels=4", "blocks=1")):
    options = [part for text in given for part in ("--option", text)]
    return pvdbench_here("weights", "import", source, "--out", out, "--method", name, *options)


def test_a_published_checkpoint_is_imported(published, tmp_path):
    source, state = published
    run = import_(source, tmp_path / "ours")
    assert run.returncode == 0, run.stderr
    tensors, header = load_weights(tmp_path / "ours")
    assert header == {"network": "ifirnn", "options": {"channels": 4, "blocks": 1, "iterations": 3},
                      "imported": "theirs.pth"}  # fmt: skip
    assert tensors.keys() == state.keys() and all(torch.equal(tensors[key], state[key]) for key in state)


def test_a_checkpoint_of_deepdeblur_lies_under_its_generator(tmp_path):
    options = read_card(METHODS, "deepdeblur").chosen(NARROW["deepdeblur"], "x")
    state = load_trainable(METHODS, "deepdeblur").network(**options).state_dict()
    torch.save({"G": state, "D": {"x": torch.zeros(1)}}, tmp_path / "model-1000.pt")
    run = import_(tmp_path / "model-1000.pt", tmp_path / "ours", "deepdeblur", ("width=0.125", "blocks=1"))
    assert run.returncode == 0, run.stderr


def test_a_checkpoint_that_does_not_fit_names_the_key(published, tmp_path):
    source, state = published
    message = "rnncell0.F_B.0.bias: the network has (20,), the file (4,); use the weights of this network"
    assert message in one_line(import_(source, tmp_path / "ours", given=()))
    first, *rest = state
    lacking, surplus = {name: state[name] for name in rest}, state | {"surplus": torch.zeros(1)}
    for changed, key in ((lacking, first), (surplus, "surplus")):
        torch.save(changed, tmp_path / "changed.pth")
        assert f"changed.pth: {key}: the network has" in one_line(import_(tmp_path / "changed.pth", tmp_path / "ours"))
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("ifirnn", ("channels",), "--option: 'channels' is not of the form KEY=VALUE; correct it"),
        (
            "ifirnn",
            ("width=2",),
            "ifirnn: --option.width: unknown option 'width'; choose from blocks, channels, iterations",
        ),
        ("input", (), "methods/input: this method has no network (no `training` in its method.yaml); name another"),
        ("nobody", (), "methods: no method 'nobody' with a method.yaml is there; choose from bimnet, deepdeblur"),
    ],
)
def test_what_cannot_be_imported(published, tmp_path, name, given, message):
    assert message in one_line(import_(published[0], tmp_path / "ours", name, given))


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    assert "holds more than tensors" in one_line(import_(tmp_path / "evil.pth", tmp_path / "ours"))
    assert not (tmp_path / "ran").exists()
