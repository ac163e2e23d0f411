"""Held-out clips: never trained on, measured on time, the best weights kept."""

import pytest
import torch
from conftest import make_dataset

from pvdbench.core.errors import ParamsError
from pvdbench.datasets.manifest import read_clips
from pvdbench.io.tables import TRAINING_LOG, read_table
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.networks.params import NetworkParams
from pvdbench.training.checkpoint import Progress
from pvdbench.training.deblur import train_deblurring
from pvdbench.training.loop import TrainingError
from pvdbench.training.params import SequenceRecipe, Validation
from pvdbench.training.trainer import Trainer
from pvdbench.training.validation import Validator, split_clips

CPU = torch.device("cpu")
NETWORK = NetworkParams(volume="warp", width=0.0625, blocks=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny")


def recipe(clips, **changes):
    held = Validation(clips=clips, every=4, batches=2, keep=changes.pop("keep", "last"))
    return SequenceRecipe(steps=10, batch=2, crop=(32, 32), learning_rate=1e-3, sequence=3, validation=held, **changes)


def train(data, out, recipe):
    save_weights(out / "motion", {}, {"network": None, "method": "static"})
    train_deblurring(NETWORK, recipe, out / "motion", Trainer(data, out / "w", out / "log.csv", out / "half", 0, CPU))
    return read_table(out / "log.csv", TRAINING_LOG)


def names(data):
    return [clip.video for clip in read_clips(data, "train")]


def test_held_out_clips_are_measured_on_time_and_both_weights_stay(data, tmp_path):
    log = train(data, tmp_path, recipe(names(data)[:1]))
    assert log.step[log.validation_loss.notna()].tolist() == [4, 8, 10]
    kept = {path.name for path in (tmp_path / "half").iterdir()}
    assert kept == {"best.safetensors", "last.safetensors"}
    assert (tmp_path / "w").read_bytes() == (tmp_path / "half" / "last.safetensors").read_bytes()


def test_the_best_weights_are_those_of_the_lowest_loss(data, tmp_path):
    # a rate that grows makes the end worse than the beginning
    log = train(data, tmp_path, recipe(names(data)[:1], keep="best", decay_steps=[5], decay=1e4))
    losses = log.validation_loss.dropna()
    assert losses.iloc[0] == losses.min() < losses.iloc[-1]
    best, last = (load_weights(tmp_path / "half" / f"{name}.safetensors")[0] for name in ("best", "last"))
    assert not all(torch.equal(best[key], last[key]) for key in best)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "half" / "best.safetensors").read_bytes()


def test_held_out_clips_are_not_trained_on(data):
    first, *others = names(data)
    rest, held = split_clips(read_clips(data, "train"), recipe([first]))
    assert [clip.video for clip in held] == [first] and [clip.video for clip in rest] == others


def test_looking_changes_nothing_of_the_training(data, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    often = recipe(names(data)[:1])
    assert often.validation is not None
    seldom = often.model_copy(update={"validation": often.validation.model_copy(update={"every": 9})})
    train(data, tmp_path / "a", often)
    train(data, tmp_path / "b", seldom)
    assert (tmp_path / "a" / "w").read_bytes() == (tmp_path / "b" / "w").read_bytes()


def test_a_clip_that_is_not_there_and_none_left_are_refused(data):
    clips = read_clips(data, "train")
    with pytest.raises(ParamsError, match=r"validation\.clips: unknown clip 'nobody'; choose from a, b"):
        split_clips(clips, recipe(["nobody"]))
    with pytest.raises(ParamsError, match="no clip is left to train on; hold out fewer"):
        split_clips(clips, recipe([clip.video for clip in clips]))


def test_a_run_that_stops_goes_on_with_the_best_so_far(data, tmp_path, monkeypatch):
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    plan = recipe(names(data)[:1], keep="best", checkpoint_every=2)
    whole = train(data, tmp_path / "whole", plan)
    measure = Validator.measure_if_due

    def stop(self: Validator, progress: Progress, last_step: int) -> None:
        if progress.step == 7:
            raise TrainingError("stopped")
        measure(self, progress, last_step)

    with monkeypatch.context() as patch:
        patch.setattr(Validator, "measure_if_due", stop)
        with pytest.raises(TrainingError, match="stopped"):
            train(data, tmp_path / "stopped", plan)
    again = train(data, tmp_path / "stopped", plan)
    assert again.equals(whole)
    assert (tmp_path / "stopped" / "w").read_bytes() == (tmp_path / "whole" / "w").read_bytes()
