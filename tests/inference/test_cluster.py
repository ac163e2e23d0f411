"""A row's clips on the workers of a Dask scheduler: the same bytes, and nothing left when the command goes."""

import signal

import pytest
from clip_rows import cost, lives, mentioning, results, row, start, wait_for
from conftest import make_dataset
from distributed import LocalCluster

from pvdbench.core.executor import ClusterError
from pvdbench.inference.runner import run_row


@pytest.fixture(scope="module")
def cluster():
    """A worker of two threads, under a nanny, so that it is a daemon."""
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as local:
        yield local.scheduler_address


@pytest.fixture
def folder(tmp_path):
    make_dataset(tmp_path / "tiny", videos=("a", "b", "c"), frames=3, size=(16, 24))
    return tmp_path


@pytest.mark.parametrize("name", ["recurrent", "second-fails"])
def test_workers_of_a_scheduler_give_the_same_bytes(folder, cluster, name):
    runs = [row(folder, name, jobs=jobs, out=str(number)) for number, jobs in enumerate((1, cluster))]
    assert run_row(runs[0]) == run_row(runs[1])
    assert results(runs[0]) == results(runs[1]) and not runs[1].half.exists()
    if name == "recurrent":
        assert cost(runs[1])["processes"] == 2 and cost(runs[1])["frames"] == 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_shares_on_workers_end_with_the_command(folder, cluster, number):
    running = start(folder, "endless", cluster)
    wait_for(lambda: len(list(folder.glob("began-*"))) == 2)
    running.send_signal(number)
    running.communicate(timeout=60)
    began = [int(path.name.partition("-")[2]) for path in folder.glob("began-*")]
    wait_for(lambda: not any(lives(pid) for pid in began))
    assert not mentioning(folder)


def test_a_scheduler_without_workers_is_named(folder, monkeypatch):
    with LocalCluster(n_workers=0, dashboard_address=None) as empty:
        monkeypatch.setattr("pvdbench.core.executor._PATIENCE", 1)
        with pytest.raises(ClusterError, match=r"has no worker; start one: dask worker tcp://"):
            run_row(row(folder, "recurrent", jobs=empty.scheduler_address))
