"""Training runs that are stopped, killed or spoilt, and go on."""

import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import ROOT, make_dataset
from short_run import NETWORK, RECIPE, train

from pvdbench.core.errors import WeightsError, WriteError
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training import checkpoint, loop
from pvdbench.training.loop import TrainingError
from pvdbench.training.trainer import TrainingResult

LONG = 5000  # steps of a run that does not end by itself


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the programs compute: sums over another number of threads round otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    train(data, folder)
    return folder


@pytest.fixture(scope="module")
def halfway(data, tmp_path_factory):
    """A run of LONG steps that SIGTERM stopped: its folder, and what it said."""
    folder = tmp_path_factory.mktemp("stopped")
    stopped = start(data, folder, LONG)
    wait_for(folder / "w-half" / "checkpoint.pt", stopped)
    stopped.send_signal(signal.SIGTERM)
    _, errors = stopped.communicate(timeout=120)
    assert stopped.returncode != 0
    return folder, errors


def start(data, out, steps, *, every=6, torchrun=0, **options):
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(torchrun)] if torchrun else []
    program = [str(ROOT / "tests" / "short_run.py"), str(data), str(out), str(steps), str(every)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *launcher, *program], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)  # fmt: skip


def wait_for(path, process):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize(("every", "kills"), [("12", 1), ("time", 4)])
def test_a_killed_run_ends_with_the_same_bytes(data, tmp_path, every, kills):
    """kill -9 after a checkpoint, then the same command again, and so on."""
    saved, moments = tmp_path / "w-half" / "checkpoint.pt", random.Random(0)
    for _ in range(kills):
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        killed = start(data, tmp_path, 240, every=every)
        wait_for(saved, killed)
        while killed.poll() is None and saved.exists() and saved.stat().st_mtime_ns == before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.05))
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        if (tmp_path / "w").exists():  # it was done before
            break
    on = start(data, tmp_path, 240, every=every)
    _, errors = on.communicate(timeout=300)
    assert on.returncode == 0, errors
    assert not (tmp_path / "w-half").exists()
    train(data, tmp_path, RECIPE.model_copy(update={"steps": 240, "checkpoint_every": 0}), name="whole")
    assert (tmp_path / "w").read_bytes() == (tmp_path / "whole").read_bytes()
    assert (tmp_path / "w.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_run_told_to_stop_saves_first(halfway):
    folder, errors = halfway
    assert re.search(rf"w: stopped after \d+ of {LONG} updates; the same command goes on from there", errors)
    assert (folder / "w-half" / "checkpoint.pt").exists() and not (folder / "w").exists()


def test_a_signal_told_twice_is_one_and_a_second_one_stops_at_once(monkeypatch):
    """A queue tells all processes of a job, and what started them may pass it on."""
    clock = [0.0]
    monkeypatch.setattr(loop, "perf_counter", lambda: clock[0])
    for alone in (True, False):
        with loop._stop_requested(alone=alone) as stop_requested:
            assert not stop_requested()
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            assert stop_requested()
            clock[0] += 2
            if alone:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)  # its launcher kills it


def children(process):
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def environment(process, name):
    texts = Path(f"/proc/{process}/environ").read_text().split("\0")
    return next((text.partition("=")[2] for text in texts if text.startswith(f"{name}=")), None)


class Interrupting(Exception):
    pass


def first_step(data, out, monkeypatch, recipe):
    """The number of updates that a run in this process begins with."""
    found = []

    def update(run, optimiser, progress, loss, batch):
        found.append(progress.step)
        raise Interrupting

    with monkeypatch.context() as patch, pytest.raises(Interrupting):
        patch.setattr(loop, "_update", update)
        train(data, out, recipe)
    return found[0]


def test_processes_stop_together_whichever_is_told(data, tmp_path, monkeypatch):
    """A signal reaches them at different times: the one that writes must still save where all of them stopped."""
    running = start(data, tmp_path, 100_000, every=60, torchrun=2)
    wait_for(tmp_path / "w-half" / "checkpoint.pt", running)
    second = next(child for child in children(running.pid) if environment(child, "RANK") == "1")
    os.kill(second, signal.SIGTERM)
    _, errors = running.communicate(timeout=120)
    stopped = set(re.findall(r"w: stopped after (\d+) of 100000 updates; the same command goes on", errors))
    assert running.returncode != 0 and len(stopped) == 1, errors
    saved = torch.load(tmp_path / "w-half" / "checkpoint.pt", weights_only=True)["progress"]
    step = int(stopped.pop())
    assert json.loads(saved)["step"] == step
    assert first_step(data, tmp_path, monkeypatch, RECIPE.model_copy(update={"steps": 100_000})) == step  # alone


def interrupted(data, out, monkeypatch, after, recipe=RECIPE):
    """Stop a run from inside after some updates, as a crash does."""
    real = loop._update

    def update(run, optimiser, progress, loss, batch):
        if progress.step == after:
            raise Interrupting
        real(run, optimiser, progress, loss, batch)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_update", update)
        with pytest.raises(Interrupting):
            train(data, out, recipe)
    return out / "w-half" / "checkpoint.pt"


@pytest.mark.parametrize("after", [6, 8, 17, 23])
def test_wherever_it_stops_it_ends_alike(data, whole, tmp_path, monkeypatch, after):
    assert interrupted(data, tmp_path, monkeypatch, after).exists()
    train(data, tmp_path)
    assert (tmp_path / "w").read_bytes() == (whole / "w").read_bytes()
    assert (tmp_path / "w.csv").read_bytes() == (whole / "w.csv").read_bytes()
    assert not (tmp_path / "w-half").exists()


def test_the_seconds_before_an_interruption_are_kept(data, tmp_path, monkeypatch):
    """A clock that ticks once per reading: each leg reads it at its start and at each checkpoint."""
    clock = itertools.count()
    monkeypatch.setattr(loop, "perf_counter", lambda: float(next(clock)))
    assert train(data, tmp_path, name="whole") == TrainingResult(24, 0.0)
    interrupted(data, tmp_path, monkeypatch, 8)  # one checkpoint, after 6 updates: 1 second
    interrupted(data, tmp_path, monkeypatch, 20)  # two more, after 12 and 18: 2 seconds
    assert train(data, tmp_path) == TrainingResult(24, 3.0)


def test_a_checkpoint_of_another_recipe_is_refused_by_its_keys(data, tmp_path, monkeypatch):
    before = interrupted(data, tmp_path, monkeypatch, 8).read_bytes()
    other = RECIPE.model_copy(update={"learning_rate": 2e-3, "batch": 1})
    with pytest.raises(
        WeightsError, match="this checkpoint is of another run, whose batch, learning_rate differ; remove"
    ):
        train(data, tmp_path, other)
    wide = NETWORK.model_copy(update={"width": 0.125})
    with pytest.raises(WeightsError, match="another run, whose params differ"):
        train(data, tmp_path, network=wide)
    assert (tmp_path / "w-half" / "checkpoint.pt").read_bytes() == before and not (tmp_path / "w").exists()
    train(data, tmp_path, RECIPE.model_copy(update={"workers": 1, "checkpoint_every": 3}))  # these change no number


@pytest.mark.parametrize("at", [0, 100, 0.5, 0.9, -1])
@pytest.mark.parametrize("how", ["cut", "one bit", "zeros"])
def test_a_damaged_checkpoint_is_said_and_training_begins_again(how, at, data, whole, tmp_path, monkeypatch, capsys):
    path = interrupted(data, tmp_path, monkeypatch, 8)
    content = bytearray(path.read_bytes())
    at = int(at * len(content)) if isinstance(at, float) else at % len(content)
    harmed = {"cut": content[:at], "one bit": content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :],
              "zeros": bytes(len(content))}[how]  # fmt: skip
    path.write_bytes(harmed)
    train(data, tmp_path)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("pvdbench: ")]
    if how != "one bit" or said:  # a bit of what nobody reads, such as a time, may differ
        assert len(said) == 1 and "this checkpoint is damaged" in said[0] and said[0].endswith("w begins again"), said
    assert (tmp_path / "w").read_bytes() == (whole / "w").read_bytes()


def test_a_checkpoint_that_cannot_be_read_stops_the_run(data, tmp_path, monkeypatch):
    path = interrupted(data, tmp_path, monkeypatch, 8)
    path.unlink()
    path.mkdir()
    with pytest.raises(WeightsError, match=r"cannot read this checkpoint: .*; remove .* to begin again"):
        train(data, tmp_path)


@pytest.mark.parametrize(("part", "other"), [
    ("network", {}), ("network", {"a": torch.ones(2)}), ("network", None), ("optimiser", {}), ("optimiser", [1]),
    ("random", torch.ones(3)), ("progress", "[]"), ("progress", '{"rows": [1]}'), ("progress", '{"steps": 1}'),
    ("progress", "{"), ("identity", "[1, 2]"), ("identity", 3),
])  # fmt: skip
def test_a_checkpoint_with_other_content_is_refused(part, other, data, tmp_path, monkeypatch):
    path = interrupted(data, tmp_path, monkeypatch, 8)
    torch.save(torch.load(path, weights_only=True) | {part: other}, path)
    with pytest.raises(WeightsError, match=r"cannot read this checkpoint: .*; remove .* to begin again") as refused:
        train(data, tmp_path)
    assert len(str(refused.value)) - len(str(tmp_path)) * 2 < 200 and "\n" not in str(refused.value)


def test_a_full_disk_keeps_the_checkpoint_before(data, tmp_path, monkeypatch):
    before = interrupted(data, tmp_path, monkeypatch, 8).read_bytes()

    def full(content, path):
        path.write_bytes(b"half")
        raise RuntimeError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(WriteError, match="the previous version is untouched"):
            train(data, tmp_path)
    assert (tmp_path / "w-half" / "checkpoint.pt").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "w-half").iterdir()) == ["checkpoint.pt"]


def test_a_disk_that_takes_no_more_keeps_the_checkpoint_before(data, halfway, tmp_path):
    """The limit on file size stands in for a full disk: the real write of a real run fails half-way."""
    shutil.copytree(halfway[0], tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "w-half" / "checkpoint.pt").read_bytes()

    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2,) * 2)

    run = start(data, tmp_path, LONG, preexec_fn=limit_files)
    _, errors = run.communicate(timeout=120)
    assert "WriteError" in errors and "the previous version is untouched" in errors, errors
    assert (tmp_path / "w-half" / "checkpoint.pt").read_bytes() == before
    assert [path.name for path in (tmp_path / "w-half").iterdir()] == ["checkpoint.pt"]


def test_a_loss_that_is_not_finite_names_its_step_and_its_clips(data, tmp_path):
    wild = RECIPE.model_copy(update={"learning_rate": 1e25, "decay_steps": []})
    message = r"w: the loss is (nan|inf) at step \d+, batch \d+ on \w+ from frame \d, .*; lower .* and begin again$"
    with pytest.raises(TrainingError, match=message):
        train(data, tmp_path, wild)
    assert not (tmp_path / "w").exists()


def test_a_loss_that_is_not_finite_names_the_last_good_checkpoint(data, tmp_path, monkeypatch):
    """The same recipe would come to the same loss again, and another recipe's checkpoint is refused."""
    interrupted(data, tmp_path, monkeypatch, 8)
    monkeypatch.setattr(VideoDeblurrer, "forward", lambda self, *frames: frames[0] * float("nan"))
    message = (
        r"w: the loss is nan at step 7, .* on .* and begin again after removing .*w-half/checkpoint\.pt, which is of"
    )
    with pytest.raises(TrainingError, match=message):
        train(data, tmp_path)
    assert (tmp_path / "w-half" / "checkpoint.pt").exists() and not (tmp_path / "w").exists()


def test_weights_that_are_not_finite_are_not_saved(data, tmp_path, monkeypatch):
    """A gradient may be infinite where the loss is not: the checkpoint before stays the last good one."""
    before = interrupted(data, tmp_path, monkeypatch, 8).read_bytes()
    step = torch.optim.Adam.step

    def spoil(self):
        step(self)
        self.param_groups[0]["params"][0].data.fill_(float("inf"))

    monkeypatch.setattr(torch.optim.Adam, "step", spoil)
    monkeypatch.setattr(VideoDeblurrer, "forward", lambda self, *frames: self.deblur.end.bias.sum() + 0 * frames[0])
    with pytest.raises(TrainingError, match=r"w: the weights are not finite after step 12; lower .* again after"):
        train(data, tmp_path)
    assert (tmp_path / "w-half" / "checkpoint.pt").read_bytes() == before


def test_checkpoints_by_time_cost_two_percent_and_few_bytes_per_second(monkeypatch, tmp_path):
    now, path = [0.0], tmp_path / "checkpoint.pt"
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    timer = checkpoint.CheckpointTimer(None, 7)
    assert [timer.is_due(8) for now[0] in (0.0, 1.9, 2.0)] == [False, False, True]
    with timer.writing(8, path):  # 10 s of writing, by another process to somewhere else
        now[0] = 12.0
    assert [timer.is_due(9) for now[0] in (140.0, 511.0, 512.0)] == [False, False, True]
    path.write_bytes(b"0" * 40_000_000)
    with timer.writing(9, path):
        now[0] = 512.1
    assert [timer.is_due(10) for now[0] in (532.0, 532.2)] == [False, True]
    never = checkpoint.CheckpointTimer(0, 7)
    now[0] = 1e9
    assert not never.is_due(10**9)
