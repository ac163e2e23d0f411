"""`processes` of params.yaml: the command starts what torchrun would, and ends with all of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from command import edit, one_line, pvdbench, pvdbench_here
from conftest import ROOT, make_dataset
from launched import fail

from pvdbench.core.errors import ParamsError
from pvdbench.training.distributed import joined_processes
from pvdbench.training.launch import Launch, check_processes, train_together
from pvdbench.training.loop import TrainingError
from pvdbench.training.params import MotionRecipe, ProcessParams

CHECKPOINT = Path("data", "checkpoints", "motion", "pretrained", "checkpoint.pt")
PRETRAINED = "data/weights/start/liteflownet.safetensors", "data/training/motion/pretrained.csv"


def pretrain(**keys):
    return lambda params: params["training"]["motion"]["pretrain"].update(keys)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A repository with the smoke study, whose pre-training has a batch of 2 for two processes."""
    folder = tmp_path_factory.mktemp("two") / "study"
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "methods").symlink_to(ROOT / "methods")
    shutil.copy(ROOT / "dvc.yaml", folder)
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text()) | {"root": "."}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    edit(folder, pretrain(processes={"nproc": 2}))
    make_dataset(folder / "data" / "smoke", frames=4, size=(64, 64))
    return folder


@pytest.fixture
def study(two, tmp_path):
    return shutil.copytree(two, tmp_path / "study", symlinks=True)


def test_processes_of_params_yaml_train_what_torchrun_does(two, study):
    run = pvdbench("train", "pretrain", cwd=two)
    assert run.returncode == 0, run.stderr
    assert all("%|" in line for line in re.split(r"[\r\n]+", run.stderr.strip())), run.stderr  # the bar and no more
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    by_hand = subprocess.run([*torchrun, "-m", "pvdbench", "train", "pretrain"], cwd=study, capture_output=True,
                             env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)  # fmt: skip
    assert by_hand.returncode == 0, by_hand.stderr
    for file in PRETRAINED:
        assert (two / file).read_bytes() == (study / file).read_bytes()
    (study / PRETRAINED[0]).unlink()
    edit(study, pretrain(processes={"nnodes": 2, "rendezvous": f"localhost:{free_port()}"}))
    machines = [subprocess.Popen([sys.executable, "-m", "pvdbench", "train", "pretrain"], cwd=study, text=True,
                                 stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
                for _ in range(2)]  # fmt: skip
    for machine in machines:
        said = machine.communicate(timeout=200)[1]
        assert machine.returncode == 0 and "waiting for 2 machines to meet at localhost" in said
    assert (two / PRETRAINED[0]).read_bytes() == (study / PRETRAINED[0]).read_bytes()
    alone = pvdbench_here("train", "motion", "static", cwd=two)  # nothing to train: no processes
    assert alone.returncode == 0 and not alone.stderr


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_machines_meet_where_one_is(study):
    edit(study, pretrain(processes={"nnodes": 2, "rendezvous": "nowhere.invalid:29500"}))
    line = one_line(pvdbench_here("train", "pretrain", cwd=study))
    assert "rendezvous: no machine 'nowhere.invalid' is known here" in line


@pytest.mark.parametrize(("keys", "said"), [
    ({"nproc": 3}, "a batch of 2 cannot be shared equally by 3 processes"),
    ({"nproc": 2, "nnodes": 2, "rendezvous": "node1:29500"}, "a batch of 2 cannot be shared equally by 4 processes"),
    ({"nnodes": 2}, "2 nodes need `rendezvous: HOST:PORT`"),
    ({"nnodes": 2, "rendezvous": "node1"}, "rendezvous"),
    ({"nnodes": 2, "rendezvous": "node1:99999"}, "99999 is no port"),
    ({"nnodes": 2, "rendezvous": "node 1; rm:29500"}, "rendezvous"),
    ({"nproc": 0}, "greater than or equal to 1"),
    ({"nproc": 10**9}, "less than or equal to 1024"),
    ({"nproc": "two"}, "nproc"),
    ({"threads": 2}, "unknown key 'threads'"),
    (2, "processes"),
])  # fmt: skip
def test_settings_that_cannot_be_are_refused_in_one_line(study, keys, said):
    edit(study, pretrain(processes=keys))
    for command in (["validate"], ["train", "pretrain"]):
        line = one_line(pvdbench_here(*command, cwd=study))
        assert said in line and "params.yaml" in line and len(line) < 300


def test_more_processes_than_cards_are_refused(monkeypatch):
    recipe = MotionRecipe(preset="paper")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(ParamsError, match=r"here: processes: nproc: 4 processes need as many graphics cards, and .* 2"):
        check_processes("here", recipe, ProcessParams(nproc=4))
    check_processes("here", recipe, ProcessParams(nproc=2, nnodes=4, rendezvous="a:1"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    check_processes("here", recipe, ProcessParams(nproc=4))


def test_a_record_holds_how_many_train_and_not_where(study):
    def record(**changes):
        edit(study, lambda params: params["training"].update(changes))
        assert pvdbench_here("code", cwd=study).returncode == 0
        return [(study / "data" / "code" / name).read_text() for name in ("pretrain.json", "train-deblur/bimc.json")]

    pretrained, trained = record()
    assert '"processes": 2' in pretrained and "processes" not in trained
    edit(study, lambda params: params["training"]["deblur"].update(batch=4))
    _, before = record()
    _, two_of_them = record(processes={"nproc": 2})
    assert '"processes": 2' in two_of_them and '"processes": 2' not in before
    edit(study, lambda params: params["deblur"]["bimc"].update(training={"processes": {"nproc": 1}}))
    assert record()[1] == before  # a row's own recipe names its own
    elsewhere = {"nproc": 1, "nnodes": 2, "rendezvous": "node1:29500"}
    edit(study, lambda params: params["deblur"]["bimc"].update(training={"processes": elsewhere}))
    assert record()[1] == two_of_them


@pytest.mark.parametrize(("how", "said"), [
    ("mendable", r"^frame.png: damaged, says [01]; fetch it again$"),
    ("0mendable", r"^frame.png: damaged, says 0; fetch it again$"),
    ("0unexpected", r"^train it: process 1 of 2 failed \(ZeroDivisionError: nobody thought of it\); its traceback is"),
    ("0killed", r"^train it: process 1 of 2 died \(SIGKILL\); look for a lack of memory"),
])  # fmt: skip
def test_what_goes_wrong_in_one_process_is_said_once(tmp_path, capfd, how, said):
    log = tmp_path / "logs" / "it.txt"
    with pytest.raises(TrainingError, match=said):
        train_together(Launch("train it", ProcessParams(nproc=2), fail, [how], log))
    assert capfd.readouterr() == ("", "")
    assert log.exists() == (how == "0unexpected") and (not log.exists() or "nobody thought" in log.read_text())


def test_a_training_s_own_error_is_the_one_line(study):
    edit(study, pretrain(crop=[512, 512]))
    line = one_line(pvdbench("train", "pretrain", cwd=study))
    assert "a frame of 64x64 is smaller than the crop of 512x512" in line


def test_half_of_torchrun_s_variables_are_an_error(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(ParamsError, match="environment: RANK is not set, though"), joined_processes():
        pass


def started(study):
    """The command, once it has written a checkpoint, and all of its processes."""
    before = (study / CHECKPOINT).stat().st_mtime_ns if (study / CHECKPOINT).exists() else 0
    run = subprocess.Popen([sys.executable, "-m", "pvdbench", "train", "pretrain"], cwd=study, text=True,
                           stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    deadline = time.monotonic() + 180
    while not (study / CHECKPOINT).exists() or (study / CHECKPOINT).stat().st_mtime_ns == before:
        assert run.poll() is None and time.monotonic() < deadline, run.communicate()
        time.sleep(0.05)
    return run, below(run.pid)


def below(process):
    found = [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return [*found, *(deeper for pid in found for deeper in below(pid))]


def assert_gone(processes):
    assert len(processes) >= 4  # two that train, one each that reads frames
    deadline = time.monotonic() + 5
    while left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def test_told_to_stop_it_saves_and_goes_on_and_killed_it_leaves_no_process(study):
    edit(study, pretrain(steps=100_000, checkpoint_every=4, workers=1))
    done = 0
    for number in (signal.SIGTERM, signal.SIGINT):
        run, processes = started(study)
        os.kill(run.pid, number)
        lines = re.split(r"[\r\n]+", run.communicate(timeout=60)[1].strip())
        assert run.returncode == 2 and sum("%|" not in line for line in lines) == 1, lines
        before = done
        said = re.search(r"stopped after (\d+) of 100000 updates; the same command goes on from there", lines[-1])
        done = int(said[1])
        assert done > before + 4
        assert_gone(processes)
    run, processes = started(study)
    run.kill()
    run.communicate(timeout=60)
    assert_gone(processes)
