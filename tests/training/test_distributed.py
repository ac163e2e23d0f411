"""Two processes under torchrun with half of each batch, against one process with the whole batch."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, make_dataset
from two_processes import CASES, run_case

from pvdbench.core.errors import ParamsError
from pvdbench.io.weights import load_weights
from pvdbench.training.distributed import CpuSyncBatchNorm, Processes

TOLERANCE = {"pvdnet-float32": 1e-6, "pvdnet-float64": 1e-12, "ifirnn-float32": 1e-5, "dvd-float64": 1e-10,
             "ovd-float64": 1e-10}  # fmt: skip
"""Single precision rounds differently, which grows with the updates; double shows that nothing else differs."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny", frames=8)


@pytest.fixture(scope="module")
def two(data, tmp_path_factory):
    """What two processes wrote, each in a folder of its own."""
    out = tmp_path_factory.mktemp("two")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run = subprocess.run(
        [*torchrun, ROOT / "tests" / "two_processes.py", data, out], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return out


@pytest.mark.parametrize("case", CASES)
def test_two_processes_with_half_the_batch_each_train_what_one_does(case, two, data, tmp_path):
    alone, header = load_weights(run_case(case, data, tmp_path))
    together, same = load_weights(two / "0" / case)
    assert header == same and alone.keys() == together.keys()
    for name, value in alone.items():
        assert not value.is_floating_point() or str(value.dtype) == f"torch.{CASES[case][1]}"
        assert np.abs(value.numpy() - together[name].numpy()).max() < TOLERANCE[case], name


@pytest.mark.parametrize("case", CASES)
def test_all_processes_hold_the_same_weights_and_statistics(case, two):
    assert (two / "0" / case).read_bytes() == (two / "1" / case).read_bytes()


def test_one_process_trains_the_network_as_it_is():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    losses = iter([torch.ones(1)])
    assert Processes().synchronise(network)(losses) is losses
    assert type(network[1]) is torch.nn.BatchNorm2d


@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}])
def test_synchronised_batch_normalisation_of_one_process_is_torch_s_own(options, monkeypatch):
    monkeypatch.setattr("torch.distributed.all_reduce", lambda tensor: None)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 1)
    torch.manual_seed(0)
    own, ours = (torch.nn.BatchNorm2d(5, dtype=torch.float64, **options) for _ in range(2))
    ours.__class__ = CpuSyncBatchNorm
    for module in (own, ours):
        if own.affine:
            module.weight.data.copy_(torch.linspace(0.5, 2, 5))
            module.bias.data.copy_(torch.linspace(-1, 1, 5))
    gradients = []
    for x in torch.randn(3, 4, 5, 6, 7, dtype=torch.float64) * 3 + 100:
        inputs = [x.clone().requires_grad_() for _ in range(2)]
        outputs = [module(value) for module, value in zip((own, ours), inputs, strict=True)]
        torch.testing.assert_close(*outputs, atol=1e-10, rtol=0)
        for output in outputs:
            output.sin().sum().backward()
        torch.testing.assert_close(*(value.grad for value in inputs), atol=1e-10, rtol=0)
        gradients.append([value.grad for value in inputs])
    assert all(one.abs().max() > 1e-3 for one, _ in gradients)
    torch.testing.assert_close(own.state_dict(), ours.state_dict(), atol=1e-10, rtol=0)
    for module in (own, ours):
        module.eval()
    torch.testing.assert_close(own(x), ours(x), atol=1e-10, rtol=0)


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ParamsError, match="a batch of 3 cannot be shared equally by 2 processes; start fewer"):
        Processes(0, 2).share(3)
