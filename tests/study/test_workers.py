"""Workers: on this machine, one of a card each, and a scheduler's that does not answer."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from pvdbench.study.workers import GPU, Place, connected


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_scheduler_that_does_not_answer(address):
    """In a process of its own, as Dask leaves threads of a connection that failed."""
    code = ("import sys; from pvdbench.study.workers import Place, connected; "
            "connected(Place(scheduler=sys.argv[1])).__enter__()")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, check=False, cwd=ROOT)
    said = done.stderr.splitlines()[-1]
    assert f"StudyError: --scheduler {address}: no Dask scheduler answers there; start it" in said


def test_as_many_workers_as_asked_for_of_one_thread():
    with connected(Place(jobs=2)) as client:
        assert sorted(client.nthreads().values()) == [1, 1]
        assert not any(worker["resources"] for worker in client.scheduler_info()["workers"].values())


def test_a_worker_per_card_and_others_without(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("pvdbench.study.workers._CARD_DEVICES", (os.devnull,))  # one that is there
    with connected(Place(jobs=3)) as client:
        workers = client.scheduler_info()["workers"]
        seen = client.run(os.getenv, "CUDA_VISIBLE_DEVICES")
    by_name = {worker["name"]: (worker["resources"], seen[address]) for address, worker in workers.items()}
    assert by_name == {"0": ({GPU: 1}, "0"), "1": ({GPU: 1}, "1"), "2": ({}, "")}
