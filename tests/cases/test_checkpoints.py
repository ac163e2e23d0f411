"""What training programs put round the tensors of a checkpoint, and what must never come out of one."""

import argparse
import datetime
import enum
import functools
import gzip
import io
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import PurePosixPath
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from command import one_line, pvdbench_here
from conftest import ROOT
from safetensors.torch import save_file
from sample_clips import clip

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import load_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_trainable
from pvdbench.networks.import_checkpoint import import_checkpoint, import_published

METHODS = ROOT / "methods"


@pytest.fixture(scope="module")
def state():
    """A state of DVD, narrow; no two of its tensors are alike."""
    torch.manual_seed(1)
    network = load_trainable(METHODS, "dvd").build(read_card(METHODS, "dvd").chosen({"width": 0.0625}, ""))
    return OrderedDict(
        (name, torch.rand(value.shape) if value.is_floating_point() else torch.tensor(7))
        for name, value in network.state_dict().items()
    )


def named(state, prefix):
    return OrderedDict((prefix + name, value) for name, value in state.items())


def imported(tmp_path, content, *more, save=torch.save):
    """Import as DVD's, by the command: the run, and the tensors that it wrote."""
    save(content, tmp_path / "theirs.pth")
    out = tmp_path / "ours.safetensors"
    run = pvdbench_here("weights", "import", tmp_path / "theirs.pth", "--method", "dvd", "--option", "width=0.0625",
                        "--methods", METHODS, "--out", out, *more)  # fmt: skip
    return run, load_weights(out)[0] if out.exists() else None


def equal(tensors, state):
    return tensors.keys() == state.keys() and all(torch.equal(tensors[name], state[name]) for name in state)


class Config(dict):
    """As EasyDict: a mapping of a class that the reader does not have."""


class Phase(enum.Enum):
    TEST = 1


class Settings:
    def __init__(self):
        self.rate, self.when = 1e-4, datetime.datetime(2020, 1, 1)


WRAPPERS = {
    "plain": lambda s: s,
    "estrnn": lambda s: {"epoch": 3, "state_dict": named(s, "module.model."), "register_dict": {"psnr": {1: 31.2}}},
    "torch.compile": lambda s: named(s, "_orig_mod."),
    "compiled in parallel": lambda s: {"model": named(s, "module._orig_mod.")},
    "params": lambda s: {"params": s},
    "torch's averaged model": lambda s: {"n_averaged": torch.tensor(9), **named(s, "module.")},
    "one in parallel beside": lambda s: {"model": named(s, "module."), "other": {"D1.0.bias": torch.ones(4)}},
    "generator and discriminator": lambda s: {**named(s, "generator."), "discriminator.D1.0.bias": torch.ones(3)},
    "netG": lambda s: {"netG": s, "netD": {"conv.weight": torch.ones(1)}},
    "network in network": lambda s: {"checkpoint": {"network": {"model_state_dict": named(s, "net.")}}, "step": 4},
    "lightning": lambda s: {"state_dict": {**named(s, "model."), "loss.vgg.weight": torch.ones(2)}, "callbacks": {}},
    "optimiser beside": lambda s: {**s, "epoch": 1, "optimizer": {"state": {"m": torch.ones(2)}, "x": torch.ones(1)}},
    "of any name": lambda s: {"weights_of_the_year": named(s, "student.backbone.")},
    "parts": lambda s: {"net": {part: {n[len(part) + 1:]: v for n, v in s.items() if n.startswith(f"{part}.")}
                                for part in dict.fromkeys(name.split(".")[0] for name in s)}},
    "a mapping's class": lambda s: {"config": Config(width=1), "state_dict": s},
    "weights in a mapping's class": lambda s: Config(state_dict=s),
    "ema of the same": lambda s: {"params": s, "params_ema": {name: value.clone() for name, value in s.items()}},
    "list of state and optimiser": lambda s: [s, {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []}],
    "tuple of epoch and state": lambda s: (3, s),
    "list in a mapping": lambda s: {"nets": [named(s, "module."), {"conv.weight": torch.ones(2)}]},
    "pairs": lambda s: list(s.items()),
    "counters of one number": lambda s: {n: v.reshape(1) if v.ndim == 0 else v for n, v in s.items()},
    "parameters": lambda s: {n: torch.nn.Parameter(v, requires_grad=v.is_floating_point()) for n, v in s.items()},
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrappers_of_any_name_are_peeled(wrap, state, tmp_path):
    run, tensors = imported(tmp_path, wrap(state))
    assert run.returncode == 0 and not run.stderr, run.stderr
    assert equal(tensors, state)


BESIDE = {
    "float64": np.float64(31.2), "float32 and ints": [np.float32(1), np.int64(3)], "array": np.arange(3.0),
    "namespace": argparse.Namespace(lr=1e-4, psnr=np.float64(3)), "datetime": datetime.datetime(2021, 5, 4),
    "path": PurePosixPath("a/b"), "own class": Settings(), "set": {1, 2}, "dtype": torch.float16,
    "object array": np.array([Settings(), None], object), "random": np.random.default_rng(0).bit_generator.state,
    "simple namespace": SimpleNamespace(a=1), "history": defaultdict(list, {"psnr": [np.float32(1)]}),
    "optimiser": torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]), "partial": functools.partial(len),
    "enum": Phase.TEST,
}  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_is_no_tensor_is_left(beside, zipped, state, tmp_path):
    def save(content, path):
        torch.save(content, path, _use_new_zipfile_serialization=zipped)

    run, tensors = imported(tmp_path, {"state_dict": state, "best_psnr": beside}, save=save)
    assert run.returncode == 0 and equal(tensors, state), run.stderr


def test_counters_of_old_files_are_zero(state, tmp_path):
    old = {name: value for name, value in state.items() if "num_batches" not in name}
    run, tensors = imported(tmp_path, {"state_dict": named(old, "module.model.")})
    assert run.returncode == 0, run.stderr
    assert all(int(value) == 0 for name, value in tensors.items() if "num_batches" in name)
    assert equal({name: tensors[name] for name in old}, old)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(kind, state, tmp_path):
    run, tensors = imported(tmp_path, {n: v.to(kind) if v.is_floating_point() else v for n, v in state.items()})
    assert run.returncode == 0 and all(v.dtype in (torch.float32, torch.int64) for v in tensors.values())
    assert all(torch.equal(tensors[name], value.to(kind).to(tensors[name].dtype)) for name, value in state.items()
               if value.is_floating_point())  # fmt: skip


def test_averaged_weights_are_taken_and_said(state, tmp_path):
    both = {"params": state, "params_ema": {name: value + 1 for name, value in state.items()}}
    run, tensors = imported(tmp_path, both)
    assert run.returncode == 0 and "took the averaged weights, below 'params_ema.'" in run.stderr
    assert equal(tensors, both["params_ema"])
    run, tensors = imported(tmp_path, both, "--prefix", "params")
    assert run.returncode == 0 and not run.stderr and equal(tensors, state)


@pytest.mark.parametrize(("first", "second"), [("", "module."), ("model.", "model_b."), ("", "model.")])
def test_two_in_one_mapping_are_asked_for_too(first, second, state, tmp_path):
    both = named(state, first) | named({name: value + 1 for name, value in state.items()}, second)
    run, tensors = imported(tmp_path, both)
    assert f"choose --prefix from '{first}', '{second}'" in one_line(run) and tensors is None
    run, tensors = imported(tmp_path, both, "--prefix", first)
    assert equal(tensors, state)


@pytest.mark.parametrize("name", ["model_ema", "modelEMA", "EMA", "netEma", "ema_0.shadow"])
def test_averaged_ones_in_one_mapping_are_said(name, state, tmp_path):
    more = {key: value + 1 for key, value in state.items()}
    run, tensors = imported(tmp_path, named(state, "model.") | named(more, f"{name}.module."))
    assert f"took the averaged weights, below '{name}.module.'" in run.stderr and equal(tensors, more)


def test_a_name_that_holds_the_letters_is_no_average(state, tmp_path):
    both = {"schema": state, "remap": {name: value + 1 for name, value in state.items()}}
    assert "choose --prefix" in one_line(imported(tmp_path, both)[0])


def test_two_of_a_kind_are_asked_for(state, tmp_path):
    both = {"netG_A": state, "netG_B": {name: value + 1 for name, value in state.items()}}
    run, tensors = imported(tmp_path, both)
    assert "choose --prefix from 'netG_A.', 'netG_B.'" in one_line(run) and tensors is None
    run, tensors = imported(tmp_path, both, "--prefix", "netG_B.")
    assert equal(tensors, both["netG_B"])
    assert "below 'netG_C'; choose --prefix from" in one_line(imported(tmp_path, both, "--prefix", "netG_C")[0])


WRONG = {
    "shape": ({"D1.0.bias": torch.ones(5)}, r"state_dict.model.D1.0.bias: the network has (4,), the file (5,)"),
    "extra": ({"D1.9.bias": torch.ones(5)}, "model.D1.9.bias: the network has no such tensor, the file (5,)"),
    "nan": ({"D1.0.bias": torch.full((4,), float("nan"))}, "model.D1.0.bias: its values are not all finite"),
    "whole numbers": ({"D1.0.bias": torch.ones(4, dtype=torch.int8)}, "the file holds torch.int8, which are no"),
    "complex": ({"D1.0.bias": torch.ones(4, dtype=torch.complex64)}, "is no plain weight"),
    "sparse": ({"D1.0.bias": torch.ones(4).to_sparse()}, "is no plain weight"),
    "meta": ({"D1.0.bias": torch.ones(4, device="meta")}, "is no plain weight"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_named_with_its_prefix(change, said, state, tmp_path):
    run, tensors = imported(tmp_path, {"state_dict": named({**state, **change}, "model.")})
    assert said in one_line(run) and tensors is None


def test_a_missing_tensor_and_another_network_are_named(state, tmp_path):
    less = {name: value for name, value in state.items() if name != "D1.0.bias"}
    run, _ = imported(tmp_path, {"net": less})
    assert "net.D1.0.bias: the network has (4,), the file no such tensor" in one_line(run)
    run, _ = imported(tmp_path, {"state_dict": {"conv1.weight": torch.ones(3)}})
    assert "ends with one of dvd's, such as 'F0.0.weight'; its first is 'state_dict.conv1.weight'" in one_line(run)


class Runs:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("call", [
    (os.system, "touch run"), (exec, "open('run', 'w')"), (eval, "open('run', 'w')"), (os.mkdir, "run"),
    (__import__, "antigravity"), (open, "run", "w"), (getattr, os, "system"),
])  # fmt: skip
def test_code_in_a_pickle_never_runs(call, zipped, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if call[0] is getattr:  # a module cannot be in a pickle; a function that gives one can
        call = (getattr, Runs(__import__, "os"), "system")

    def save(content, path):
        torch.save(content, path, _use_new_zipfile_serialization=zipped)

    run, tensors = imported(tmp_path, {"state_dict": state, "best": Runs(*call)}, save=save)
    assert "holds more than tensors, which was not run" in one_line(run) and tensors is None
    assert not (tmp_path / "run").exists()


class Touching:
    """A class whose making writes a file: it must not be made, though it is importable."""

    def __init__(self, path):
        self.path = path

    def __setstate__(self, state):
        raise AssertionError("made")

    def __new__(cls, *_):
        if os.environ.get("MADE"):
            raise AssertionError("made")
        return super().__new__(cls)


def test_objects_beside_the_weights_are_not_made(state, tmp_path, monkeypatch):
    made = Touching("a")
    torch.save({"state_dict": state, "hook": made}, tmp_path / "whole")
    monkeypatch.setenv("MADE", "1")
    run, tensors = imported(tmp_path, None, save=lambda _, path: (tmp_path / "whole").rename(path))
    assert run.returncode == 0 and equal(tensors, state), run.stderr


def test_safetensors_are_read_by_content_and_a_key_is_named(state, tmp_path):
    run, tensors = imported(tmp_path, named(state, "net."), save=save_file)  # theirs.pth
    assert run.returncode == 0 and equal(tensors, state)
    save_file({"netFeatures.x": torch.zeros(1)}, tmp_path / "x.safetensors")
    run = pvdbench_here("weights", "import", tmp_path / "x.safetensors", "--out", tmp_path / "y.safetensors")
    assert "netFeatures.netFiv.0.bias: the network has (128,), the file no such tensor" in one_line(run)
    whole = (tmp_path / "theirs.pth").read_bytes()
    for harmed in (whole[:-40], whole[:100], b"\xff" * 8 + whole[8:], whole[:8] + b"{{" + whole[10:]):
        (tmp_path / "x.safetensors").write_bytes(harmed)
        run = pvdbench_here("weights", "import", tmp_path / "x.safetensors", "--out", tmp_path / "y.safetensors")
        assert "these are damaged safetensors" in one_line(run)
    assert not (tmp_path / "y.safetensors").exists()


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8])
def test_a_byte_that_changed_is_damage(state, tmp_path, place):
    torch.save(state, tmp_path / "whole")
    data = bytearray((tmp_path / "whole").read_bytes())
    largest = max(value.nbytes for value in state.values())
    start = data.index(max(state.values(), key=lambda value: value.nbytes).numpy().tobytes())
    data[start + int(place * largest)] ^= 1
    run, tensors = imported(tmp_path, None, save=lambda _, path: path.write_bytes(data))
    assert "this checkpoint is damaged" in one_line(run) and tensors is None


def test_a_pickle_by_the_name_of_safetensors_is_read(state, tmp_path):
    torch.save(state, tmp_path / "a.safetensors")
    import_published(METHODS, "dvd", {"width": 0.0625}, tmp_path / "a.safetensors", tmp_path / "o")
    assert equal(load_weights(tmp_path / "o")[0], state)


@pytest.mark.parametrize(("text", "said"), [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n", "git lfs pull"),
    ("\n<!DOCTYPE html><html>", "a web page"), ("<html>", "a web page"), ("", "this is empty"),
    ("Quota exceeded", "this is a text"), ('{\n  "weight_map": {}\n}', "this is a text"),
])  # fmt: skip
def test_what_stands_in_for_a_download_is_named(text, said, tmp_path):
    run, _ = imported(tmp_path, None, save=lambda _, path: path.write_text(text))
    assert said in one_line(run)


def archived(path, way):
    torch.save({"a": torch.ones(1)}, path)
    if way == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    elif way == "zip":
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            archive.write(path, "net/x.pth")
        path.with_suffix(".zip").rename(path)
    elif way == "tar":
        with tarfile.open(path.with_suffix(".tar"), "w") as archive:
            archive.add(path, "x.pth")
        path.with_suffix(".tar").rename(path)
    else:
        with path.open("wb") as file:
            np.savez(file, a=np.ones(1))


@pytest.mark.parametrize(("way", "said"), [("gzip", "unpack it first"), ("zip", "'net/x.pth'); unpack it first"),
                                           ("tar", "'x.pth'); unpack it first"), ("npz", "'a.npy')")])  # fmt: skip
def test_a_checkpoint_in_an_archive_must_be_unpacked(way, said, tmp_path):
    run, _ = imported(tmp_path, None, save=lambda _, path: archived(path, way))
    assert said in one_line(run)


def test_reading_safetensors_does_not_need_torch_load(state, tmp_path, monkeypatch):
    """PyTorch 2.11 does not read them."""
    monkeypatch.setattr(torch, "load", None)
    run, tensors = imported(tmp_path, state, save=save_file)
    assert run.returncode == 0 and equal(tensors, state)


def test_the_oldest_format_says_how_to_convert(tmp_path):
    with tarfile.open(tmp_path / "old.pth.tar", "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            content = pickle.dumps({"a": 1}, protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(WeightsError, match=r"tar format of PyTorch 0\.1.*convert it by torch\.save\(torch\.load"):
        import_checkpoint(tmp_path / "old.pth.tar", tmp_path / "ours")


def test_a_newer_pickle_and_a_whole_model_are_refused_in_one_line(state, tmp_path):
    for protocol in (3, 4, 5):
        run, _ = imported(tmp_path, state, save=lambda c, p, n=protocol: torch.save(c, p, pickle_protocol=n))
        assert run.returncode == 0 if protocol == 3 else "a pickle of a newer protocol" in one_line(run)
    run, _ = imported(tmp_path, torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1)))
    assert "save a state_dict" in one_line(run)
    torch.jit.save(torch.jit.script(torch.nn.Conv2d(1, 1, 1)), tmp_path / "theirs.pth")
    assert "TorchScript" in one_line(imported(tmp_path, None, save=lambda *_: None)[0])


def test_files_that_are_made_to_take_long(state, tmp_path):
    mapping = {"a": torch.ones(1)}
    for _ in range(30):  # 10 ** 30 mappings, if each is followed
        mapping = {str(n): mapping for n in range(10)}
    run, _ = imported(tmp_path, mapping)
    assert "no name in it ends with one of dvd's" in one_line(run) or "without named tensors" in one_line(run)
    run, _ = imported(tmp_path, {f"{n}.D1.0.bias": torch.ones(1) for n in range(2000)})
    assert "0.D1.0.bias: the network has (4,), the file (1,)" in one_line(run)


@pytest.mark.parametrize("wrap", [
    lambda s: {"model": named(s, "module.")},
    lambda s: named(s, "generator."),
    lambda s: {"a": {"b": named(s, "net.x.")}},
    lambda s: {part: {n[7:]: v for n, v in s.items() if n.startswith(part)} for part in ("BIMNet", "PVDNet")},
    lambda s: {n.replace("BIMNet.", "BIMNet.module.").replace("PVDNet.", "PVDNet._orig_mod."): v for n, v in s.items()},
])  # fmt: skip
def test_pvdnet_s_own_names_are_found_behind_any_prefix(wrap, tmp_path):
    from pvdbench.networks.import_checkpoint import _LITEFLOWNET, PVDNET, official_name
    from pvdbench.networks.liteflownet import LiteFlowNet
    from pvdbench.networks.params import NetworkParams
    from pvdbench.networks.video_deblurrer import VideoDeblurrer

    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.25, blocks=1), LiteFlowNet())
    theirs = {("PVDNet." + official_name(n[7:], PVDNET) if n.startswith("deblur.") else
               "BIMNet." + official_name(n[7:], _LITEFLOWNET)): v for n, v in model.state_dict().items()}  # fmt: skip
    torch.save(wrap(theirs), tmp_path / "theirs")
    import_checkpoint(tmp_path / "theirs", tmp_path / "ours")
    assert equal(load_weights(tmp_path / "ours")[0], model.state_dict())


@pytest.mark.parametrize("name", ["pvdnet", "deepdeblur", "srn", "dvd", "ovd", "ifirnn", "edvr"])
def test_no_weights_no_frames(name, tmp_path):
    clip(tmp_path / "in", "012")
    run = pvdbench_here("deblur", tmp_path / "in", "--method", name, "--methods", METHODS, "--out", tmp_path / "o")
    assert "--weights" in one_line(run) and not (tmp_path / "o").exists()


@pytest.mark.parametrize("name", ["bimnet", "liteflownet", "flownet2"])
def test_no_weights_no_flow(name, tmp_path):
    clip(tmp_path / "in", "01", 64, 64)
    run = pvdbench_here("flow", tmp_path / "in" / "0.png", tmp_path / "in" / "1.png", "--method", name, "--methods",
                        METHODS, "--out", tmp_path / "o.flo")  # fmt: skip
    assert "--weights" in one_line(run) and not (tmp_path / "o.flo").exists()


def test_methods_are_found_outside_the_tree_and_a_missing_folder_of_them_is_named(state, tmp_path):
    torch.save(state, tmp_path / "theirs")
    words = "weights", "import", "theirs", "--method", "dvd", "--option", "width=0.0625", "--out", "o"
    assert pvdbench_here(*words, cwd=tmp_path).returncode == 0
    assert "by --methods" in one_line(pvdbench_here(*words, "--methods", "none", cwd=tmp_path))
