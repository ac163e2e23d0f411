"""Scoring on a Dask cluster: the same bytes, and one line where there is none."""

import operator
import sys

import pytest
from distributed import LocalCluster

from pvdbench.core.executor import ClusterError, in_order
from pvdbench.io.images import write_frame
from pvdbench.scoring.folders import score_folders
from scoring.frames import noisy, textured


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local.scheduler_address


def test_a_cluster_scores_the_same_bytes(cluster, tmp_path):
    for name in ("truth", "estimate"):
        (tmp_path / name).mkdir()
    for t in range(6):
        frame = textured((48, 64), seed=t)
        write_frame(tmp_path / "truth" / f"{t}.png", frame)
        write_frame(tmp_path / "estimate" / f"{t}.png", noisy(frame, seed=t))
    for name, jobs in (("here", 1), ("there", cluster)):
        score_folders(tmp_path / "truth", tmp_path / "estimate", tmp_path / name, protocols=["all"], jobs=jobs)
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


def test_what_goes_wrong_on_a_worker_arrives_here(cluster):
    with pytest.raises(TypeError, match="bad operand"):
        list(in_order(operator.neg, [1, "two"], jobs=cluster))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:9: no Dask scheduler answers there; start it"):
        list(in_order(operator.neg, [1], jobs="tcp://127.0.0.1:9"))


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"Dask is not installed; pip install 'pvdbench\[cluster"):
        list(in_order(operator.neg, [1], jobs="tcp://127.0.0.1:9"))
