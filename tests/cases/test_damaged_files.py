"""Damaged files of every kind that pvdbench reads besides frames: read, or refused in one line, never a traceback."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest
import torch
from command import one_line, pvdbench_here
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample_clips import save, view
from torch import nn

from pvdbench.core.device import compute_device
from pvdbench.core.errors import LONGEST, DataError, ParamsError, PvdbenchError, WeightsError
from pvdbench.core.params import parse_params, read_params
from pvdbench.datasets.camera_response import read_response
from pvdbench.datasets.catalogue import NOTE, Source
from pvdbench.datasets.download.archive import _noted
from pvdbench.datasets.download.extract import extract
from pvdbench.datasets.download.http import ResumingDownloader, RetryPolicy
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.params import Subset
from pvdbench.datasets.subset import describe_subset, take_subset
from pvdbench.io.cost import Complexity, measured_cost, read_complexity, read_cost, write_complexity
from pvdbench.io.flow import read_flow, write_flow
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.networks.checkpoint import read_checkpoint
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.import_checkpoint import import_checkpoint
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import NetworkEstimator, load_motion_network, motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture, load_video_deblurrer
from pvdbench.training.checkpoint import Progress, checkpoint_file, restore_checkpoint, save_checkpoint
from pvdbench.training.params import MotionRecipe, TrainingParams

SOURCE = Source.model_construct(folders=("GOPRO",), kinds=("blur", "sharp"))


def _network():
    torch.manual_seed(0)
    return nn.Linear(2, 3)


def _write_checkpoint(path):
    network = _network()
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    save_checkpoint(path.parent, network, optimiser, Progress(3, 1, [(1, 0.5, 0.1, None)]), {"seed": 1, "steps": 9})


def _restore(path):
    network = _network()
    return restore_checkpoint(path.parent, network, torch.optim.Adam(network.parameters()), {"seed": 1, "steps": 9})


def _write_motion(path):
    network = LiteFlowNet(0.0625)
    save_weights(path, network.state_dict(), motion_header(network))


def _write_deblurrer(path):
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), None)
    save_weights(path, model.state_dict(), architecture(model))


def _write_cost(path):
    with measured_cost(path, "train deblur x") as facts:
        facts |= {"steps": 24, "threads": 1, "milliseconds_median": 3.5}


def _write_archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("GOPRO/v/blur/000001.png", "GOPRO/v/sharp/\u00e9 1.png"):
            archive.writestr(name, os.urandom(40))


def _extract(path):
    shutil.rmtree(out := path.with_name("out"), ignore_errors=True)
    return extract(path, SOURCE, out)


def _write_set(path):
    rows = ["v,test,0,b/0.png,s/0.png,,,64,48", "v,test,1,b/1.png,s/1.png,,,64,48"]
    path.write_text("\n".join([",".join(MANIFEST), *rows]) + "\n")
    for kind in "bs":
        for t in range(2):
            (path.parent / kind).mkdir(exist_ok=True)
            write_frame(path.parent / kind / f"{t}.png", view(t, 48, 64))


def _write_response(path):
    path.write_text("byte,light\n" + "".join(f"{b},{b / 255}\n" for b in range(256)))


def _take(path):
    take_subset(path.parent, Subset(of="x", videos=1, frames=2), path.with_name("part"))


def _download(path):
    return ResumingDownloader(["http://x/"], path.parent, hash_known=False, retries=RetryPolicy())._known()


KINDS = {  # the file's name, how it is written, how it is read
    "weights": ("w.safetensors", _write_motion, load_motion_network),
    "model": ("m.safetensors", _write_deblurrer, load_video_deblurrer),
    "any weights": ("a.safetensors", lambda path: save_weights(path, {"a": torch.ones(2)}, {"a": 1}), load_weights),
    "zipped checkpoint": ("c.pth", lambda path: torch.save({"a": {"b": torch.ones(2)}, "c": np.float64(1)}, path),
                          read_checkpoint),
    "old checkpoint": ("o.pth", lambda path: torch.save({"a": torch.ones(2), "c": np.float64(1)}, path,
                                                       _use_new_zipfile_serialization=False), read_checkpoint),
    "foreign checkpoint": ("f.pth", lambda path: torch.save({"PVDNet.d0.weight": torch.ones(2)}, path),
                           lambda path: import_checkpoint(path, path.with_name("imported"))),
    "training": (checkpoint_file(ROOT).name, _write_checkpoint, _restore),
    "flow": ("f.flo", lambda path: write_flow(path, np.zeros((3, 4, 2), np.float32)), read_flow),
    "cost": ("cost.json", _write_cost, read_cost),
    "complexity": ("complexity.json", lambda path: write_complexity(path, Complexity({"deblur": 3}, 1e9, 64, 48)),
                   read_complexity),
    "note of a subset": ("subset.json", lambda path: path.write_text(Subset(of="x", frames=3).model_dump_json()),
                         lambda path: describe_subset(path.parent)),
    "note of a download": ("version.json", lambda path: path.write_text('{"url": "u", "validator": null, "total": 3}'),
                           _download),
    "note of an extraction": (NOTE, lambda path: path.write_text('{"sha256": "a", "frames": 0, "bytes": 3}'),
                              lambda path: _noted(path.parent, "a")),
    "archive": ("a.zip", _write_archive, _extract),
    "camera": ("crf.csv", _write_response, read_response),
    "manifest": ("manifest.csv", _write_set, lambda path: read_clips(path.parent, "test")),
    "manifest of a subset": ("manifest.csv", _write_set, _take),
    "params": ("params.yaml", lambda path: path.write_text("of: x\nframes: 3\nsize: [64, 64]\n"),
               lambda path: read_params(path, Subset)),
}  # fmt: skip


def reads_or_refuses(read, path):
    """Read; whatever is raised must be one line that a user can act on."""
    try:
        read(path)
    except PvdbenchError as error:
        assert "\n" not in str(error) and len(str(error)) <= LONGEST
        return False
    return True


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    name, write, read = KINDS[request.param]
    path = tmp_path_factory.mktemp("kind") / name
    write(path)
    read_whole = request.param != "foreign checkpoint"
    assert reads_or_refuses(read, path) == read_whole
    return path, path.read_bytes(), read


fuzzed = settings(max_examples=14, deadline=None, derandomize=True, database=None,
                  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip


@fuzzed
@given(data=st.data())
def test_flipped_cut_and_spliced_bytes(kind, data):
    path, whole, read = kind
    at = data.draw(st.integers(0, len(whole) - 1) | st.integers(0, min(200, len(whole) - 1)))
    how = data.draw(st.sampled_from(["flip", "cut", "splice", "remove"]))
    other = data.draw(st.binary(min_size=1, max_size=8))
    end = at + len(other)
    harmed = {"flip": whole[:at] + other + whole[end:], "cut": whole[:at],
              "splice": whole[:at] + other + whole[at:], "remove": whole[:at] + whole[end:]}  # fmt: skip
    path.write_bytes(harmed[how])
    reads_or_refuses(read, path)


TEXTS = [
    b"", b"\0" * 100, b"3", b"null", b"[]", b'"x"', b"{}", b"[" * 3000, b'{"a":' * 3000, b"\xff\xfe\0a", b"NaN",
    b"9" * 5000, b"<html></html>", b"PK\x03\x04", b"\x80\x02.", b"PIEH", bytes(range(256)), b"a,b\n\0,\n",
]  # fmt: skip


def test_other_content_altogether(kind):
    path, _, read = kind
    for content in TEXTS:
        path.write_bytes(content)
        reads_or_refuses(read, path)


@pytest.mark.parametrize("place", ["folder", "link to itself", "link to nothing", "link to a folder"])
def test_something_else_in_the_file_s_place(kind, place):
    path, whole, read = kind
    path.unlink()
    if place == "folder":
        path.mkdir()
    else:
        path.symlink_to({"link to itself": path, "link to nothing": "none", "link to a folder": path.parent}[place])
    try:
        reads_or_refuses(read, path)
    finally:
        path.rmdir() if place == "folder" else path.unlink()
        path.write_bytes(whole)


FACTS = {"stage": "x", "seconds": 1.0, "hardware": "y", "peak_memory_mib": 1.0}
VALUES = st.none() | st.booleans() | st.text(max_size=3) | st.floats() | st.integers() | st.lists(st.integers())


@fuzzed
@given(key=st.sampled_from([*FACTS, "steps", "milliseconds_median", "threads"]), value=VALUES)
@example(key="seconds", value=float("nan"))
@example(key="steps", value="24")
def test_costs_of_other_types_are_no_numbers(key, value, tmp_path):
    (tmp_path / "cost.json").write_text(json.dumps(FACTS | {key: value}))
    try:
        cost = read_cost(tmp_path / "cost.json")
    except DataError:
        return
    assert cost["seconds"] >= 0 and cost["peak_memory_mib"] >= 0
    assert cost.get("steps") is None or cost["steps"] >= 0


@pytest.mark.parametrize(("width", "height"), [(-1, -1), (-2, -6), (0, 12), (2**31 - 1, 2**31 - 1), (2**20, 2**20)])
def test_sizes_of_a_flow_that_cannot_be(width, height, tmp_path):
    (tmp_path / "f.flo").write_bytes(b"PIEH" + np.array([width, height], "<i4").tobytes() + bytes(96))
    with pytest.raises(DataError, match="its header says"):
        read_flow(tmp_path / "f.flo")


@pytest.mark.parametrize("threads", [0, -1, 10**20, 1e20, float("nan")])
def test_threads_that_no_machine_has(threads):
    with pytest.raises(ParamsError, match="threads"):
        compute_device(threads)


RECIPE = {"steps": 3, "batch": 1, "crop": [8, 8], "learning_rate": 1e-3}


@pytest.mark.parametrize("odd", [
    {"preset": [1]}, {"preset": {"a": 1}}, {"preset": 3}, {"crop": [8]}, {"steps": 1e30},
    {"learning_rate": float("nan")}, {"cosine": {"periods": [], "minimum": 0}},
])  # fmt: skip
def test_recipes_of_other_types(odd, tmp_path):
    with pytest.raises(ParamsError):
        parse_params(tmp_path / "params.yaml", RECIPE | odd, MotionRecipe)


@pytest.mark.parametrize("seed", [10**30, 2**63, -1, 1e30, "1", None])
def test_seeds_that_torch_does_not_take(seed, tmp_path):
    whole = {"seed": seed, "motion": {"width": 1.0, "pretrain": RECIPE, "finetune": RECIPE},
             "deblur": RECIPE | {"sequence": 2}}  # fmt: skip
    with pytest.raises(ParamsError, match="seed"):
        parse_params(tmp_path / "params.yaml", whole, TrainingParams)
    parse_params(tmp_path / "params.yaml", whole | {"seed": 1}, TrainingParams)


@pytest.mark.parametrize("network", [LiteFlowNet(0.0625), FlowNet2(0.0625)], ids=["liteflownet", "flownet2"])
@pytest.mark.parametrize("size", [(1, 1), (31, 64), (33, 40)])
def test_frames_smaller_than_a_flow_network_takes(network, size, tmp_path):
    save_weights(tmp_path / "w", network.state_dict(), motion_header(network))
    estimator = NetworkEstimator()
    estimator.load({"network": tmp_path / "w"}, torch.device("cpu"))
    frames = torch.rand(2, 3, *size)
    try:
        flow = estimator.flow(*frames)
    except PvdbenchError as error:
        assert "smaller than" in str(error) and min(size) < 64
    else:
        assert flow.shape == (2, *size) and bool(flow.isfinite().all())


@pytest.mark.parametrize("header", [
    [1], {"network": None}, {"network": ["a"]}, {"network": {"a": 1}}, {"network": "dvd"},
    {"network": "dvd", "options": 3}, {"network": "dvd", "options": {"width": "a"}},
    {"network": "dvd", "options": {"width": 1e9, "sigmoid": False, "align": "none"}},
    {"network": "pvdnet"}, {"network": "pvdnet", "params": [], "motion": 3}, {"network": "liteflownet", "width": -1},
])  # fmt: skip
@pytest.mark.parametrize("method", ["dvd", "pvdnet"])
def test_headers_that_say_something_else(header, method, tmp_path):
    save_weights(tmp_path / "w.safetensors", {"a": torch.tensor(1.0)}, header)
    save(tmp_path / "in" / "0.png", view(0))
    run = pvdbench_here("deblur", tmp_path / "in", "--method", method, "--methods", ROOT / "methods", "--weights",
                        tmp_path / "w.safetensors", "--out", tmp_path / "o")  # fmt: skip
    assert one_line(run) and not (tmp_path / "o").exists()


@pytest.mark.parametrize("name", ["../out.png", "/tmp/out.png", "b/../../out.png", ".", "b/none.png"])
def test_a_subset_stays_in_its_folder(name, tmp_path):
    (tmp_path / "set").mkdir()
    _write_set(manifest := tmp_path / "set" / "manifest.csv")
    manifest.write_text(manifest.read_text().replace("b/1.png", name))
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(DataError):
        take_subset(tmp_path / "set", Subset(of="x"), tmp_path / "part" / "new")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert tuple(read_table(manifest, MANIFEST).columns) == MANIFEST


@pytest.mark.parametrize("name", [b"\xff\xfe.png", b"\xb2\xe2.png"])
def test_an_archive_whose_names_are_no_utf_8(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("GOPRO/v/blur/\u00e9\u00e9.png", b"x" * 20)
    whole, there = (tmp_path / "a.zip").read_bytes(), "\u00e9\u00e9.png".encode()
    (tmp_path / "a.zip").write_bytes(whole.replace(there, name.rjust(len(there), b"a")))
    with pytest.raises(DataError, match="is no whole zip archive"):
        extract(tmp_path / "a.zip", SOURCE, tmp_path / "out")


@pytest.mark.parametrize("harm", [
    lambda c: c["optimiser"]["state"][0].update(exp_avg=torch.ones(9)),
    lambda c: c["optimiser"]["state"][0].update(exp_avg=3),
    lambda c: c.update(progress=c["progress"].replace('"step": 3', '"step": 9')),
    lambda c: c.update(progress=c["progress"].replace('"step": 3', '"step": "3"')),
    lambda c: c.update(progress=c["progress"].replace("0.5", "[1]")),
    lambda c: c.update(random=torch.ones(3)),
    lambda c: c.update(network={}),
])  # fmt: skip
def test_a_training_s_checkpoint_of_other_content(harm, tmp_path):
    path = checkpoint_file(tmp_path)
    _write_checkpoint(path)
    assert _restore(path).step == 3
    content = torch.load(path, weights_only=True)
    harm(content)
    torch.save(content, path)
    with pytest.raises(WeightsError, match="cannot read this checkpoint"):
        _restore(path)
