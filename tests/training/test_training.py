import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from conftest import make_dataset

from pvdbench.core.errors import DataError, WeightsError
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import read_clips
from pvdbench.io.tables import TRAINING_LOG, read_table
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import motion_header
from pvdbench.networks.params import Finetune, MotionRow, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.deblur import initialise, sequence_losses, train_deblurring
from pvdbench.training.distributed import SINGLE
from pvdbench.training.loop import Run, TrainingError, optimise
from pvdbench.training.motion import pretrain_motion, train_motion
from pvdbench.training.motion_losses import supervised_loss, warping_loss
from pvdbench.training.params import Cosine, MotionRecipe, MotionTraining, SequenceRecipe
from pvdbench.training.sampling import SequenceCrops, Sequences, batches
from pvdbench.training.schedule import rate_factor
from pvdbench.training.trainer import Trainer

CPU = torch.device("cpu")
RECIPE = MotionRecipe(steps=3, batch=2, crop=(32, 32), learning_rate=1e-3, decay_steps=[2], decay=0.5)
MOTION = MotionTraining(width=0.0625, pretrain=RECIPE, finetune=RECIPE)
SEQUENCE = SequenceRecipe(**RECIPE.model_dump(exclude={"masked"}) | {"sequence": 3})
BIMNET = Finetune(loss="blur-invariant", pairs=["ss", "sb", "bs", "bb"])
NETWORK = NetworkParams(volume="gray", width=0.0625, blocks=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="module")
def pretrained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("weights")
    pretrain_motion(MOTION, trainer_of(data, out, "pretrained"))
    return out / "pretrained"


def trainer_of(data, out, weights="w", seed=0):
    return Trainer(data, out / weights, out / "log.csv", out / "half", seed, CPU)


def weights_of(path):
    return load_weights(path)[0]


def finetuned(pretrained, data, out, finetune=BIMNET, seed=0):
    row = MotionRow(method="bimnet", network="liteflownet", finetune=finetune)
    assert train_motion(row, MOTION, pretrained, trainer_of(data, out, seed=seed)).steps == 3
    return weights_of(out / "w")


def supplied(data, recipe=RECIPE, *, seed=0, first=0, sequences=None):
    """Batches of a data set from a number on."""
    crops = SequenceCrops(data, read_clips(data, "train"), recipe, sequences or Sequences(2), seed)
    return batches(crops, recipe, first=first, processes=SINGLE, device=CPU)


def run_of(parameters, recipe, out):
    network = torch.nn.ParameterList(parameters)
    return Run("run", network, recipe, out / "log.csv", out / "half", {"recipe": recipe.model_dump()})


def test_crops_are_one_place_of_consecutive_frames_and_depend_on_seed_and_index_alone(data):
    def make():
        return SequenceCrops(data, read_clips(data, "train"), RECIPE, Sequences(3, with_flow=True), 5)

    crops = make()
    item = crops[7]
    assert item["blurry"].shape == item["sharp"].shape == (3, 3, 32, 32) and item["flow"].shape == (2, 2, 32, 32)
    assert item["sharp"].min() >= 0 and item["sharp"].max() <= 1
    # the texture moves one pixel right a frame, so warping by the true flow must reproduce the sharp frame
    warped = backward_warp(item["sharp"][:-1], item["flow"])
    torch.testing.assert_close(warped[..., 1:], item["sharp"][1:, ..., 1:])
    again = make()[7]
    assert all(torch.equal(item[name], again[name]) for name in item)
    assert not torch.equal(item["sharp"], crops[8]["sharp"])


def test_workers_change_nothing(data):
    def first_two(workers):
        recipe = RECIPE.model_copy(update={"workers": workers})
        supply = supplied(data, recipe, seed=1)
        return [next(supply)["blurry"] for _ in range(2)]

    assert all(map(torch.equal, first_two(0), first_two(2)))


def test_crops_that_cannot_be_are_refused(data):
    clips = read_clips(data, "train")
    with pytest.raises(DataError, match="tiny: no training clip has 5 frames; shorten `sequence`"):
        SequenceCrops(data, clips, RECIPE, Sequences(5), 0)
    large = RECIPE.model_copy(update={"crop": (64, 32)})
    with pytest.raises(DataError, match="a frame of 64x48 is smaller than the crop of 32x64; lower `crop`"):
        SequenceCrops(data, clips, large, Sequences(2), 0)[0]


def test_pretraining_without_true_flow_is_refused(data, tmp_path):
    table = pd.read_csv(data / "manifest.csv", dtype=str)
    table["flow"] = None
    copy = tmp_path / "flowless"
    copy.mkdir()
    for video in "ab":
        (copy / video).symlink_to(data / video)
    table.to_csv(copy / "manifest.csv", index=False)
    with pytest.raises(DataError, match=r"\d+\.png: this frame has no true flow, which pre-training needs"):
        pretrain_motion(MOTION, trainer_of(copy, tmp_path))
    assert not (tmp_path / "w").exists()


class Fixed(LiteFlowNet):
    """Says the same flow everywhere, and remembers what it was asked."""

    def __init__(self, flow):
        super().__init__(0.0625)
        self.answer, self.asked = flow, []

    def forward(self, target, source):
        self.asked.append((target, source))
        return self.answer.view(1, 2, 1, 1).expand(len(target), 2, *target.shape[2:])


@pytest.fixture
def batch(data):
    return next(supplied(data, sequences=Sequences(2, with_flow=True)))


def test_eq_1_judges_every_pair_on_the_sharp_frames(batch):
    network = Fixed(torch.tensor([-1.0, 0.0]))
    loss = warping_loss(network, batch, BIMNET)
    ((target, source),) = network.asked
    sharp, blurry = batch["sharp"], batch["blurry"]
    assert torch.equal(source, torch.cat([sharp[:, 0], sharp[:, 0], blurry[:, 0], blurry[:, 0]]))  # alpha: frame t - 1
    assert torch.equal(target, torch.cat([sharp[:, 1], blurry[:, 1], sharp[:, 1], blurry[:, 1]]))  # beta: frame t
    warped = backward_warp(sharp[:, 0], network.answer.view(1, 2, 1, 1).expand(2, 2, 32, 32))
    torch.testing.assert_close(loss, F.mse_loss(warped, sharp[:, 1]))


def test_eq_2_judges_each_pair_on_itself(batch):
    network = Fixed(torch.tensor([-1.0, 0.0]))
    loss = warping_loss(network, batch, Finetune(loss="blur-variant", pairs=["sb"]))
    warped = backward_warp(batch["sharp"][:, 0], network.answer.view(1, 2, 1, 1).expand(2, 2, 32, 32))
    torch.testing.assert_close(loss, F.mse_loss(warped, batch["blurry"][:, 1]))


def test_supervised_loss_is_the_mean_endpoint_error_over_the_levels(batch):
    class Levels(LiteFlowNet):
        def pyramid(self, target, source):
            return {level: torch.zeros(2, 2, 32 >> (level - 1), 32 >> (level - 1)) for level in (6, 5, 4, 3, 2)}

    assert supervised_loss(Levels(0.0625), batch).item() == pytest.approx(1, abs=1e-3)  # the truth is (-1, 0)


def which(blurry, frame):
    """The position of frame among blurry (B, T, 3, h, w)."""
    return int((blurry == frame[:, None]).flatten(2).all(2).all(0).nonzero()[0])


def test_the_recurrence_updates_once_a_frame_on_a_detached_state(data):
    torch.manual_seed(0)
    batch = next(supplied(data, SEQUENCE, sequences=Sequences(3)))
    model = VideoDeblurrer(NetworkParams(volume="warp", width=0.0625, blocks=1), None)
    seen = []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    losses = []
    for loss in sequence_losses(model, batch, SEQUENCE):
        loss.backward()  # would fail on the second frame, were the state not detached
        losses.append(loss.item())
    blurry = batch["blurry"] * 2 - 1
    assert len(losses) == 3
    assert [[which(blurry, frame) for frame in inputs[:3]] for inputs in seen] == [[0, 0, 1], [0, 1, 2], [1, 2, 2]]
    assert torch.equal(seen[0][3], blurry[:, 0])  # the first frame is its own past
    assert not seen[1][3].requires_grad and not torch.equal(seen[1][3], blurry[:, 0])


def test_motion_training_repeats_bit_for_bit_and_changes_the_weights(pretrained, data, tmp_path):
    runs = []
    for name in "ab":
        (tmp_path / name).mkdir()
        runs.append(finetuned(pretrained, data, tmp_path / name))
    assert (tmp_path / "a" / "w").read_bytes() == (tmp_path / "b" / "w").read_bytes()
    assert any(not torch.equal(runs[0][key], value) for key, value in weights_of(pretrained).items())
    assert read_table(tmp_path / "a" / "log.csv", TRAINING_LOG).step.tolist() == [1, 2, 3]


def test_a_row_without_finetuning_keeps_the_pretrained_weights(pretrained, data, tmp_path):
    row = MotionRow(method="liteflownet", network="liteflownet")
    assert train_motion(row, MOTION, pretrained, trainer_of(data, tmp_path)).steps == 0
    for key, value in weights_of(pretrained).items():
        assert torch.equal(weights_of(tmp_path / "w")[key], value)


def test_a_row_with_nothing_to_train_says_so(data, tmp_path):
    assert trainer_of(data, tmp_path).use_nothing("tvl1").steps == 0
    tensors, header = load_weights(tmp_path / "w")
    assert tensors == {} and header == {"network": None, "method": "tvl1"}
    assert (tmp_path / "log.csv").read_text() == "step,loss,learning_rate,validation_loss\n"


def test_bimnet_is_fixed_unless_the_row_trains_it(pretrained, data, tmp_path):
    motion = tmp_path / "motion"
    motion.mkdir()
    bimnet = finetuned(pretrained, data, motion)
    together = NETWORK.model_copy(update={"train_motion": True, "coordinates": "bilinear"})
    for name, network, same in (("fixed", NETWORK, True), ("together", together, False)):
        assert train_deblurring(network, SEQUENCE, motion / "w", trainer_of(data, tmp_path, name)).steps == 3
        trained = weights_of(tmp_path / name)
        assert all(torch.equal(trained[f"motion.{key}"], value) for key, value in bimnet.items()) is same


def test_updates_on_the_same_frames_make_the_loss_fall(data, tmp_path):
    torch.manual_seed(0)
    batch = next(supplied(data, SEQUENCE, sequences=Sequences(3)))
    batch["sharp"] = batch["blurry"] * 0.5  # something easy to learn
    model = VideoDeblurrer(NetworkParams(volume="warp", width=0.125, blocks=2), None)
    recipe = SEQUENCE.model_copy(update={"steps": 90, "decay_steps": []})
    run = run_of(list(model.parameters()), recipe, tmp_path)
    optimise(run, lambda first: itertools.repeat(batch), lambda b: sequence_losses(model, b, recipe))
    log = read_table(tmp_path / "log.csv", TRAINING_LOG).loss
    assert log[-9:].mean() < 0.8 * log[:9].mean()


def test_the_rate_rises_and_steps_down():
    recipe = RECIPE.model_copy(update={"warmup": 4, "decay_steps": [6, 8]})
    assert [rate_factor(recipe, step) for step in (0, 1, 3, 5, 6, 7, 8)] == [0.25, 0.5, 1, 1, 0.5, 0.5, 0.25]


def test_cosines_restart_at_the_full_rate_and_end_at_the_minimum():
    """BasicSR's CosineAnnealingRestartLR by its formula: minimum + (rate - minimum) (1 + cos(pi t / period)) / 2."""
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-4, "cosine": Cosine(periods=[4, 8], minimum=1e-7)})
    rates = [1e-4 * rate_factor(recipe, step) for step in range(13)]
    for start, period in ((0, 4), (4, 8)):
        for t in range(period):
            expected = 1e-7 + (1e-4 - 1e-7) * (1 + math.cos(math.pi * t / period)) / 2
            assert rates[start + t] == pytest.approx(expected, rel=1e-12)
    assert rates[12] == pytest.approx(1e-7)


def test_a_loss_that_is_not_finite_stops_with_its_step_and_writes_nothing(tmp_path):
    weight = torch.nn.Parameter(torch.ones(1))
    message = r"run: the loss is nan at step 2, batch 1; lower learning_rate or set clip, and begin again$"
    with pytest.raises(TrainingError, match=message):
        optimise(
            run_of([weight], RECIPE, tmp_path), lambda first: iter([1, math.nan]), lambda b: iter([weight.sum() * b])
        )
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_network_are_refused(data, pretrained, tmp_path):
    (tmp_path / "w").write_bytes(pretrained.read_bytes()[:100])
    with pytest.raises(WeightsError, match="these are no safetensors"):
        row = MotionRow(method="bimnet", network="liteflownet", finetune=BIMNET)
        train_motion(row, MOTION, tmp_path / "w", trainer_of(data, tmp_path, "out"))
    assert not (tmp_path / "out").exists()


def given_flownet2(folder):
    torch.manual_seed(0)
    network = FlowNet2(1 / 16)
    save_weights(folder / "given", network.state_dict(), motion_header(network))
    return folder / "given"


def test_flownet2_is_fine_tuned_from_given_weights_like_liteflownet(data, tmp_path):
    row = MotionRow(method="flownet2", network="flownet2", weights="given", finetune=BIMNET)
    assert train_motion(row, MOTION, given_flownet2(tmp_path), trainer_of(data, tmp_path)).steps == 3
    before, after = weights_of(tmp_path / "given"), weights_of(tmp_path / "w")
    assert before.keys() == after.keys() and not all(torch.equal(before[key], after[key]) for key in before)
    assert load_weights(tmp_path / "w")[1]["network"] == "flownet2"


def test_given_weights_of_another_network_are_refused(data, tmp_path):
    row = MotionRow(method="bimnet", network="liteflownet", weights="given", finetune=BIMNET)
    with pytest.raises(
        WeightsError, match="these are weights of flownet2, but the row's network is liteflownet; name oth"
    ):
        train_motion(row, MOTION, given_flownet2(tmp_path), trainer_of(data, tmp_path))
    assert not (tmp_path / "w").exists()


def test_given_weights_are_used_as_they_are(data, tmp_path):
    save_weights(tmp_path / "given", {"a": torch.ones(2)}, {"network": "pvdnet"})
    assert trainer_of(data, tmp_path).use_imported(tmp_path / "given").steps == 0
    assert (tmp_path / "w").read_bytes() == (tmp_path / "given").read_bytes()


@pytest.mark.parametrize(("start", "identity"), [("identity", True), ("xavier", False)])
def test_pvdnet_starts_as_its_input_or_by_xavier_alone(start, identity):
    torch.manual_seed(0)
    model = VideoDeblurrer(NetworkParams(volume="warp", width=0.25, blocks=2), None)
    initialise(model.deblur, start)
    frames = torch.rand(4, 1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(model(*frames), frames[1]) is identity
    last = model.deblur.residuals[0].body[2].weight  # uniform within gain * sqrt(6 / (fan in + fan out))
    bound = (0.1 if identity else 1.0) * math.sqrt(6 / (2 * 9 * last.shape[0]))
    assert 0.9 * bound < last.abs().max() <= bound


def test_log_means_cover_the_steps_between(tmp_path):
    weight = torch.nn.Parameter(torch.zeros(1))
    run = run_of([weight], RECIPE.model_copy(update={"steps": 400}), tmp_path)
    optimise(run, lambda first: iter(range(400)), lambda n: iter([weight.sum() * 0 + n]))
    log = read_table(tmp_path / "log.csv", TRAINING_LOG)
    assert len(log) == 200 and np.allclose(log.loss[:2], [0.5, 2.5])
