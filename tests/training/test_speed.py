"""What makes training fast changes no numbers beyond rounding: optimisers, flows ahead, memory and frames kept."""

import itertools
import platform
import subprocess
import sys

import pytest
import torch
from conftest import make_dataset
from torch import nn

from pvdbench.datasets import packed
from pvdbench.datasets.manifest import read_clips
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training import deblur
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.loop import Run, optimise
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import SequenceCrops, Sequences
from pvdbench.training.trainer import accelerate

RECIPE = SequenceRecipe(steps=12, batch=2, crop=(32, 32), learning_rate=1e-2, sequence=4, weight_decay=0.1)


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.Conv2d(4, 3, 1)).double()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("name", "plain"), [("adam", torch.optim.Adam), ("radam", torch.optim.RAdam)])
def test_updates_are_those_of_the_plain_optimiser(tmp_path, name, plain, channels_last):
    """In double precision, so that no parameter's layout can be mistaken; fused kernels read memory in order."""
    images = torch.rand(12, 2, 3, 9, 9, dtype=torch.float64)
    recipe = RECIPE.model_copy(update={"optimiser": name, "channels_last": channels_last})
    network = small_network()
    accelerate(network, recipe)
    run = Run("run", network, recipe, tmp_path / "log.csv", tmp_path / "half", {})
    optimise(run, lambda first: iter(images), lambda batch: iter([network(batch).square().mean()]))

    expected = small_network()
    optimiser = plain(expected.parameters(), lr=1e-2, weight_decay=0.1, decoupled_weight_decay=True, foreach=False)
    for batch in images:
        optimiser.zero_grad()
        expected(batch).square().mean().backward()
        optimiser.step()
    for got, truth in zip(network.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(got, truth, rtol=1e-9, atol=1e-12)


def fixed_motion(**params):
    torch.manual_seed(0)
    model = VideoDeblurrer(NetworkParams(volume="warp", width=0.125, blocks=1, **params), LiteFlowNet(0.125))
    with torch.no_grad():
        for parameter in model.motion.parameters():
            parameter += 0.02 * torch.randn_like(parameter)  # a flow that differs from pixel to pixel
    return model


def losses_of(model, batch, recipe=RECIPE):
    return torch.stack([loss.detach() for loss in sequence_losses(model, batch, recipe)])


@pytest.mark.parametrize("state", ["current", "previous"])
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_flows_of_many_pairs_at_once_are_those_of_each_pair(monkeypatch, at_once, state):
    model, recipe = fixed_motion(), RECIPE.model_copy(update={"initial_state": state})
    frames = recipe.sequence + 2 * (state == "previous")
    batch = {kind: torch.rand(2, frames, 3, 32, 32) for kind in ("blurry", "sharp")}
    monkeypatch.setattr(deblur, "_PIXELS", at_once * 2 * 32 * 32)
    got = losses_of(model, batch, recipe)
    monkeypatch.setattr(deblur, "_fixed_flows", lambda model, blurry, times: itertools.repeat(None, len(times)))
    one_by_one = losses_of(model, batch, recipe)
    assert model.flow(batch["blurry"][:, 1], batch["blurry"][:, 0]).std() > 1e-3
    torch.testing.assert_close(got, one_by_one, rtol=1e-5, atol=1e-6)


def test_a_fixed_motion_network_is_asked_once_per_batch_and_a_trained_one_at_every_update():
    batch = {kind: torch.rand(1, 4, 3, 32, 32) for kind in ("blurry", "sharp")}
    for trained, expected in ((False, [4]), (True, [1, 1, 1, 1])):
        model, asked = fixed_motion(train_motion=trained), []
        coarsest = model.motion.matching[-1]  # which each estimate runs once
        coarsest.register_forward_hook(lambda _, inputs, __, asked=asked: asked.append(len(inputs[0])))
        losses_of(model, batch)
        assert asked == expected


def test_decoded_frames_are_kept_where_all_fit(tmp_path, monkeypatch):
    data = make_dataset(tmp_path / "tiny")
    reads, read_frame = [], packed.read_frame
    monkeypatch.setattr(packed, "read_frame", lambda path: reads.append(path) or read_frame(path))

    def items():
        reads.clear()
        crops = SequenceCrops(data, read_clips(data, "train"), RECIPE, Sequences(2), 0)
        return [crops[n]["blurry"] for n in range(40)]

    kept = items()
    assert len(reads) == len(set(reads)) <= 2 * 2 * 4  # two clips of four frames, blurry and sharp
    monkeypatch.setattr(packed, "_KEPT", 2 * 2 * 4 * 48 * 64 * 3 - 1)
    decoded = items()
    assert len(reads) == 40 * 4
    assert all(map(torch.equal, kept, decoded))


def _glibc():
    name, version = platform.libc_ver()
    return tuple(int(number) for number in version.split(".")[:2]) if name == "glibc" else (0, 0)


@pytest.mark.skipif(_glibc() < (2, 33), reason="needs mallinfo2")
def test_freed_memory_is_kept_for_the_next_tensor():
    """By default a freed tensor of 20 MiB is the kernel's again, and the process has no free memory of that size."""
    program = """
import ctypes, torch
from pvdbench.core.device import compute_device
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b uordblks fordblks c".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
compute_device(1)
frames = [torch.ones(5 * 2**20) for _ in range(3)]
del frames
print(libc.mallinfo2().fordblks)"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(ran.stdout) >= 3 * 20 * 2**20
