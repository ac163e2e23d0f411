"""Runs that are stopped, killed, spoilt or shared among processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, make_dataset

from pvdbench.core.errors import ParamsError, WeightsError, WriteError
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.networks.params import DeblurRow, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.deblur import train_deblurring
from pvdbench.training.distributed import Processes
from pvdbench.training.loop import TrainingError
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.trainer import Trainer

CPU = torch.device("cpu")
RECIPE = SequenceRecipe(steps=24, batch=2, crop=(32, 32), learning_rate=1e-3, sequence=3, decay_steps=[10], decay=0.5,
                        noise=0.01, checkpoint_every=6)  # fmt: skip
ROW = DeblurRow(method="pvdnet", motion="static", network=NetworkParams(volume="warp", width=0.0625, blocks=1))
PROGRAM = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from training.test_going_on import RECIPE, ROW
from pvdbench.training.deblur import train_deblurring
from pvdbench.training.distributed import joined_processes
from pvdbench.training.trainer import Trainer
data, out = Path(sys.argv[1]), Path(sys.argv[2])
steps, batch, every = map(int, sys.argv[3:6])
if sys.argv[6] == "float64":
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
recipe = RECIPE.model_copy(update=dict(steps=steps, batch=batch, checkpoint_every=every))
with joined_processes() as processes:
    trainer = Trainer(data, out / "w", out / "log.csv", out / "half", 0, torch.device("cpu"), processes)
    train_deblurring(ROW, recipe, out / "motion", trainer)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture
def out(tmp_path):
    save_weights(tmp_path / "motion", {}, {"network": None, "method": "static"})
    return tmp_path


def train(data, out, recipe=RECIPE, row=ROW, name="w"):
    trainer = Trainer(data, out / name, out / f"{name}.csv", out / f"{name}-half", 0, CPU)
    return train_deblurring(row, recipe, out / "motion", trainer)


def start(data, out, steps, batch=2, torchrun=0, every=6, precision="float32"):
    program = out / "program.py"
    program.write_text(PROGRAM.format(tests=str(ROOT / "tests")))
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(torchrun), "--master-port", "29517"]
    command = [
        sys.executable,
        *(launcher if torchrun else []),
        str(program),
        str(data),
        str(out),
        str(steps),
        str(batch),
        str(every),
        precision,
    ]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path, process):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def test_a_killed_run_ends_with_the_same_bytes(data, out):
    """kill -9 after the first checkpoint, then the same command again."""
    killed = start(data, out, steps=600)
    wait_for(out / "half" / "checkpoint.pt", killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (out / "w").exists()
    on = start(data, out, steps=600)
    _, errors = on.communicate(timeout=300)
    assert on.returncode == 0, errors
    assert not (out / "half").exists()
    gone_on, log = (out / "w").read_bytes(), (out / "log.csv").read_bytes()
    (out / "w").unlink()
    whole = start(data, out, steps=600)
    _, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors
    assert (out / "w").read_bytes() == gone_on and (out / "log.csv").read_bytes() == log


def test_a_run_told_to_stop_saves_first(data, out):
    stopped = start(data, out, steps=5000)
    wait_for(out / "half" / "checkpoint.pt", stopped)
    stopped.send_signal(signal.SIGTERM)
    _, errors = stopped.communicate(timeout=120)
    assert stopped.returncode != 0 and "of 5000 updates; the same command goes on from there" in errors
    assert (out / "half" / "checkpoint.pt").exists()


def children(process):
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def environment(process, name):
    texts = Path(f"/proc/{process}/environ").read_text().split("\0")
    return next((text.partition("=")[2] for text in texts if text.startswith(f"{name}=")), None)


def test_processes_stop_together_whichever_is_told(data, out):
    """A signal reaches them at different times: the one that writes must still save where all of them stopped."""
    running = start(data, out, steps=100_000, torchrun=2, every=600)
    wait_for(out / "half" / "checkpoint.pt", running)
    second = next(child for child in children(running.pid) if environment(child, "RANK") == "1")
    os.kill(second, signal.SIGTERM)
    _, errors = running.communicate(timeout=120)
    stopped = set(re.findall(r"w: stopped after (\d+) of 100000 updates; the same command goes on", errors))
    assert running.returncode != 0 and len(stopped) == 1, errors
    saved = torch.load(out / "half" / "checkpoint.pt", weights_only=True)["progress"]
    assert json.loads(saved)["step"] == int(stopped.pop())


class Interrupting(Exception):
    pass


def interrupted(data, out, monkeypatch, after, recipe=RECIPE):
    """Stop a run from inside after some updates, as a crash does."""
    from pvdbench.training import loop

    real = loop._update

    def update(run, optimiser, progress, loss, bar):
        if progress.step == after:
            raise Interrupting
        real(run, optimiser, progress, loss, bar)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_update", update)
        with pytest.raises(Interrupting):
            train(data, out, recipe)


@pytest.mark.parametrize("after", [6, 8, 17, 23])
def test_wherever_it_stops_it_ends_alike(data, out, monkeypatch, after):
    train(data, out, name="whole")
    interrupted(data, out, monkeypatch, after)
    assert (out / "w-half" / "checkpoint.pt").exists()
    train(data, out)
    assert (out / "w").read_bytes() == (out / "whole").read_bytes()
    assert (out / "w.csv").read_bytes() == (out / "whole.csv").read_bytes()
    assert not (out / "w-half").exists()


def test_a_checkpoint_of_another_recipe_is_refused_by_its_keys(data, out, monkeypatch):
    interrupted(data, out, monkeypatch, 8)
    before = (out / "w-half" / "checkpoint.pt").read_bytes()
    other = RECIPE.model_copy(update={"learning_rate": 2e-3, "batch": 1})
    with pytest.raises(
        WeightsError, match="this checkpoint is of another run, whose batch, learning_rate differ; remove"
    ):
        train(data, out, other)
    wide = ROW.model_copy(update={"network": NetworkParams(volume="warp", width=0.125, blocks=1)})
    with pytest.raises(WeightsError, match="another run, whose params differ"):
        train(data, out, row=wide)
    assert (out / "w-half" / "checkpoint.pt").read_bytes() == before and not (out / "w").exists()
    train(data, out, RECIPE.model_copy(update={"workers": 1, "checkpoint_every": 3}))  # these change no number


def test_a_damaged_checkpoint_is_refused(data, out, monkeypatch):
    interrupted(data, out, monkeypatch, 8)
    path = out / "w-half" / "checkpoint.pt"
    whole = path.read_bytes()
    for cut in (0, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(WeightsError, match="cannot read this checkpoint: .*; remove .* to begin again"):
            train(data, out)


def test_a_full_disk_keeps_the_checkpoint_before(data, out, monkeypatch):
    interrupted(data, out, monkeypatch, 8)
    before = (out / "w-half" / "checkpoint.pt").read_bytes()

    def full(content, path):
        path.write_bytes(b"half")
        raise RuntimeError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(WriteError, match="what was there before is intact"):
            train(data, out)
    assert (out / "w-half" / "checkpoint.pt").read_bytes() == before
    assert sorted(path.name for path in (out / "w-half").iterdir()) == ["checkpoint.pt"]


def test_a_disk_that_takes_no_more_keeps_the_checkpoint_before(data, out):
    """The limit on file size stands in for a full disk: the real write of a real run fails half-way."""
    stopped = start(data, out, steps=5000)
    wait_for(out / "half" / "checkpoint.pt", stopped)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate(timeout=120)
    before = (out / "half" / "checkpoint.pt").read_bytes()
    script = (
        "import signal, resource, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2); exec(open(sys.argv.pop(1)).read())"
    )
    arguments = [str(out / "program.py"), str(data), str(out), "5000", "2", "6", "float32"]
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120,
                         env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}, check=False)  # fmt: skip
    assert "WriteError" in run.stderr and "what was there before is intact" in run.stderr, run.stderr
    assert (out / "half" / "checkpoint.pt").read_bytes() == before
    assert [path.name for path in (out / "half").iterdir()] == ["checkpoint.pt"]


def test_a_loss_that_is_not_finite_names_its_step_and_its_clips(data, out):
    wild = RECIPE.model_copy(update={"learning_rate": 1e25, "decay_steps": []})
    message = r"w: the loss is (nan|inf) at step \d+, batch \d+ on \w+ from frame \d, .*; lower .* and begin again$"
    with pytest.raises(TrainingError, match=message):
        train(data, out, wild)
    assert not (out / "w").exists()


def test_a_loss_that_is_not_finite_names_the_last_good_checkpoint(data, out, monkeypatch):
    """The same recipe would come to the same loss again, and another recipe's checkpoint is refused."""
    interrupted(data, out, monkeypatch, 8)
    monkeypatch.setattr(VideoDeblurrer, "forward", lambda self, *frames: frames[0] * float("nan"))
    message = (
        r"w: the loss is nan at step 7, .* on .* and begin again after removing .*w-half/checkpoint\.pt, which is of"
    )
    with pytest.raises(TrainingError, match=message):
        train(data, out)
    assert (out / "w-half" / "checkpoint.pt").exists() and not (out / "w").exists()


def test_weights_that_are_not_finite_are_not_saved(data, out, monkeypatch):
    """A gradient may be infinite where the loss is not: the checkpoint before stays the last good one."""
    interrupted(data, out, monkeypatch, 8)
    before = (out / "w-half" / "checkpoint.pt").read_bytes()
    step = torch.optim.Adam.step

    def spoil(self):
        step(self)
        self.param_groups[0]["params"][0].data.fill_(float("inf"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoil)
    monkeypatch.setattr(VideoDeblurrer, "forward", lambda self, *frames: self.deblur.end.bias.sum() + 0 * frames[0])
    with pytest.raises(TrainingError, match=r"w: the weights are not finite after step 12; lower .* again after"):
        train(data, out)
    assert (out / "w-half" / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(("precision", "steps", "tolerance"), [("float32", 12, 1e-6), ("float64", 48, 1e-12)])
def test_two_processes_with_half_the_batch_each_train_what_one_does(data, out, precision, steps, tolerance):
    """Single precision rounds otherwise, which grows with the updates; double shows that nothing else differs."""
    one = start(data, out, steps, precision=precision)
    assert one.wait(timeout=120) == 0, one.communicate()
    (out / "w").rename(out / "one")
    two = start(data, out, steps, torchrun=2, precision=precision)
    _, errors = two.communicate(timeout=300)
    assert two.returncode == 0, errors
    (alone, header), (together, same) = load_weights(out / "one"), load_weights(out / "w")
    assert header == same
    for name, value in alone.items():
        assert str(value.dtype) == f"torch.{precision}"
        assert np.abs(value.numpy() - together[name].numpy()).max() < tolerance, name


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ParamsError, match="a batch of 3 cannot be shared equally by 2 processes; start fewer"):
        Processes(0, 2).share(3)
