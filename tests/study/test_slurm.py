"""Workers as jobs of SLURM: a real queue of one node, whose jobs run commands and are cancelled."""

import os
import re
import subprocess
import sys
import time

import pytest
import yaml
from command import edit
from conftest import ROOT, make_dataset
from on_worker import run_command
from slurm_queue import slurm_queue

from pvdbench.core.errors import ParamsError, StudyError
from pvdbench.core.params import parse_params, read_params
from pvdbench.study.slurm import SlurmParams, cluster_options, slurm_cluster

distributed = pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

JOB = {"queue": "tiny", "cores": 1, "memory": "500MB", "walltime": "00:10:00", "jobs": {"maximum": 2}, "logs": "logs"}


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    with slurm_queue(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def in_queue(queue, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", queue["SLURM_CONF"])
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'tests'}:{os.environ.get('PYTHONPATH', '')}")


@pytest.fixture
def config(tmp_path):
    def write(**changes):
        (tmp_path / "slurm.yaml").write_text(yaml.safe_dump(JOB | changes))
        return tmp_path / "slurm.yaml"

    return write


@pytest.fixture
def study(tmp_path):
    """A repository with the smoke study, whose pre-training takes a while."""
    folder = tmp_path / "study"
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "methods").symlink_to(ROOT / "methods")
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    edit(folder, lambda p: p["training"]["motion"]["pretrain"].update(steps=80, checkpoint_every=4))
    make_dataset(folder / "data" / "smoke", frames=4, size=(64, 64))
    return folder


@pytest.mark.parametrize(("changes", "said"), [
    ({"queue": "tiny; rm -r /"}, "queue"),
    ({"queue": "a\n#SBATCH --uid=0"}, "queue"),
    ({"memory": "lots"}, "no amount of memory; write it as 32GB"),
    ({"memory": "0"}, "no amount of memory"),
    ({"walltime": "soon"}, "walltime"),
    ({"jobs": {"minimum": 3, "maximum": 2}}, "minimum 3 is above maximum 2"),
    ({"jobs": {"maximum": 0}}, "greater than or equal to 1"),
    ({"workers": 2}, "2 workers need a core each, and a job has 1"),
    ({"cores": 4, "gpus": 2, "workers": 2}, "a job with graphics cards runs one stage at a time"),
    ({"directives": ["qos=high"]}, "directives"),
    ({"setup": ["module load\ncuda"]}, "setup"),
    ({"local_directory": "/scratch; x"}, "local_directory"),
    ({"partition": "tiny"}, "unknown key 'partition'"),
])  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_in_one_line(config, changes, said):
    with pytest.raises(ParamsError, match=said) as refused:
        read_params(config(**changes), SlurmParams)
    assert "slurm.yaml" in str(refused.value)


def test_the_study_s_own_file_says_what_jobs_ask_for(tmp_path):
    params = read_params(ROOT / "studies" / "paper" / "slurm.yaml", SlurmParams)
    options = cluster_options(tmp_path / "slurm.yaml", params)
    assert options["cores"] == options["processes"] == 1 and options["job_cpu"] == params.cores
    assert options["worker_extra_args"][1] == f"memory={32 * 10**9},gpu=1"
    assert "--gpus-per-node=1" in options["job_extra_directives"]
    assert options["log_directory"] == str(tmp_path / "data/logs/slurm")
    four = cluster_options(tmp_path, parse_params(tmp_path, JOB | {"cores": 8, "workers": 4}, SlurmParams))
    assert (four["cores"], four["processes"], four["job_cpu"]) == (4, 4, 8)
    assert four["worker_extra_args"][1] == "memory=125000000"


def test_without_the_queue_s_programs_or_the_extra_one_line_says_so(config, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StudyError, match="the program sbatch is not here"), slurm_cluster(config()):
        pass
    monkeypatch.setitem(sys.modules, "dask_jobqueue.slurm", None)
    with pytest.raises(StudyError, match=r"pip install 'pvdbench\[cluster\]'"), slurm_cluster(config()):
        pass


@pytest.mark.parametrize(("changes", "said"), [
    ({"queue": "none"}, "the queue takes no such job .*partition"),
    ({"cores": 4000}, "the queue takes no such job .*not available"),
    ({"interface": "ib77"}, "'ib77' is not a valid network interface"),
])  # fmt: skip
def test_what_the_queue_would_never_run_is_refused_at_once(in_queue, config, changes, said):
    with pytest.raises((ParamsError, StudyError), match=said), slurm_cluster(config(**changes)):
        pass


def jobs():
    return subprocess.run(["squeue", "-h", "-o", "%i"], capture_output=True, text=True, check=True).stdout.split()


def test_a_cancelled_job_s_command_goes_on_in_another(in_queue, config, study, tmp_path):
    checkpoint = study / "data" / "checkpoints" / "motion" / "pretrained" / "checkpoint.pt"
    setup = [f"touch {tmp_path}/set-up-$SLURM_JOB_ID"]
    with slurm_cluster(config(setup=setup)) as cluster, distributed.Client(cluster) as client:
        long = client.submit(run_command, ["train", "pretrain"], study, pure=False, resources={"memory": 4e8})
        short = client.submit(run_command, ["train", "motion", "static"], study, pure=False)
        deadline = time.monotonic() + 200
        while not checkpoint.exists():
            assert time.monotonic() < deadline and not long.done(), long
            time.sleep(0.05)
        worker = next(address for address, keys in client.processing().items() if long.key in keys)
        first = client.run(os.getenv, "SLURM_JOB_ID")[worker]
        subprocess.run(["scancel", first], check=True)
        code, said, second = long.result(timeout=200)
        assert code == 0 and second != first, said
        assert int(re.search(r"\| (\d+)/80", said)[1]) > 0  # where it began
        assert short.result(timeout=60)[0] == 0
    assert (study / "data" / "weights" / "start" / "liteflownet.safetensors").exists() and not checkpoint.exists()
    assert {path.name for path in tmp_path.glob("set-up-*")} >= {f"set-up-{first}", f"set-up-{second}"}
    deadline = time.monotonic() + 60
    while jobs():
        assert time.monotonic() < deadline
        time.sleep(0.2)
