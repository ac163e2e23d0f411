"""What the released code does otherwise than the paper, each by its definition."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_dataset

from pvdbench.core.errors import ParamsError
from pvdbench.core.params import parse_params
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import read_clips
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import Finetune, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.distributed import SINGLE
from pvdbench.training.loop import Run, optimise
from pvdbench.training.motion_losses import warping_loss
from pvdbench.training.params import MotionRecipe, SequenceRecipe, TrainingParams
from pvdbench.training.sampling import SequenceCrops, Sequences, batches
from pvdbench.training.schedule import rate_factor
from pvdbench.training.trainer import accelerate

CPU = torch.device("cpu")
RECIPE = SequenceRecipe(steps=4, batch=2, crop=(32, 32), learning_rate=1e-2, sequence=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny", frames=7)


def crops(data, sequences, recipe=RECIPE, seed=0):
    return SequenceCrops(data, read_clips(data, "train"), recipe, sequences, seed)


def train(recipe, out, weight, losses):
    run = Run("run", torch.nn.ParameterList([weight]), recipe, out / "log.csv", out / "half", {})
    optimise(run, lambda first: iter(range(recipe.steps)), lambda n: iter([losses(n)]))


def test_fixed_windows_start_at_multiples_of_their_length(data):
    whole = RECIPE.model_copy(update={"crop": (48, 64)})
    frames = {}
    for clip in read_clips(data, "train"):
        for t in range(7):
            alone = SequenceCrops(data, [clip], whole, Sequences(1, fixed=True), 0)
            frames[alone._reader.read(clip, "sharp", t, (slice(None), slice(None))).tobytes()] = t
    supply = crops(data, Sequences(3, fixed=True), whole)
    firsts = {
        frames[(supply[n]["sharp"][0] * 255).round().byte().permute(1, 2, 0).numpy().tobytes()] for n in range(40)
    }
    assert firsts == {0, 3}


def test_frames_around_repeat_at_the_ends_of_a_clip(data):
    supply = crops(data, Sequences(7, margin=1))
    for n in range(4):
        sharp = supply[n]["sharp"]
        assert len(sharp) == 9 and torch.equal(sharp[0], sharp[1]) and torch.equal(sharp[7], sharp[8])
        assert not torch.equal(sharp[1], sharp[2])


def which(frames, frame):
    return int((frames == frame[:, None]).flatten(2).all(2).all(0).nonzero()[0])


@pytest.mark.parametrize(
    ("initial_state", "expected", "state"),
    [("current", [[0, 0, 1], [0, 1, 2], [1, 2, 2]], 0), ("previous", [[0, 1, 2], [1, 2, 3], [2, 3, 4]], 0)],
)
def test_the_past_of_the_first_frame(data, initial_state, expected, state):
    recipe = RECIPE.model_copy(update={"initial_state": initial_state})
    around = 1 if initial_state == "previous" else 0
    batch = next(batches(crops(data, Sequences(3, around)), recipe, first=0, processes=SINGLE, device=CPU))
    model, seen = VideoDeblurrer(NetworkParams(volume="none", width=0.0625, blocks=1), None), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    for loss in sequence_losses(model, batch, recipe):
        loss.backward()
    blurry, sharp = batch["blurry"] * 2 - 1, batch["sharp"] * 2 - 1
    found = [[which(blurry, frame) for frame in inputs[:3]] for inputs in seen]
    assert len(found) == 3
    if initial_state == "current" or not torch.equal(blurry[:, 0], blurry[:, 1]):
        assert found == expected
    assert torch.equal(seen[0][3], blurry[:, state])
    assert torch.equal(seen[0][4], sharp[:, around])


def test_the_loss_is_a_choice(data):
    batch = next(batches(crops(data, Sequences(3)), RECIPE, first=0, processes=SINGLE, device=CPU))
    model = VideoDeblurrer(NetworkParams(volume="none", width=0.0625, blocks=1), None)
    first = {}
    for loss in ("l1", "mse"):
        recipe = RECIPE.model_copy(update={"loss": loss})
        first[loss] = next(sequence_losses(model, batch, recipe)).item()
    with torch.no_grad():
        blurry, sharp = batch["blurry"] * 2 - 1, batch["sharp"] * 2 - 1
        difference = model(blurry[:, 0], blurry[:, 0], blurry[:, 1], blurry[:, 0]) - sharp[:, 0]
    assert first["l1"] == pytest.approx(difference.abs().mean().item(), rel=1e-5)
    assert first["mse"] == pytest.approx(difference.square().mean().item(), rel=1e-5)


def test_noise_falls_on_half_of_the_blurry_frames_alone(data):
    clean, noisy = crops(data, Sequences(7)), crops(data, Sequences(7, noise=0.02))
    changed, spread = [], []
    for n in range(30):
        assert torch.equal(clean[n]["sharp"], noisy[n]["sharp"])
        difference = noisy[n]["blurry"] - clean[n]["blurry"]
        changed += (difference.flatten(1).abs().amax(1) > 0).tolist()
        spread += [d.std().item() for d in difference if d.abs().max() > 0]
    assert 0.35 < np.mean(changed) < 0.65
    assert np.mean(spread) == pytest.approx(0.01, rel=0.2)  # 0.02 in [-1, 1] is half as much in [0, 1]
    assert torch.equal(noisy[3]["blurry"], crops(data, Sequences(7, noise=0.02))[3]["blurry"])


def test_weight_decay_is_decoupled(tmp_path):
    """Without a gradient the weight shrinks by rate times decay: p -= rate * decay * p."""
    for optimiser in ("adam", "radam"):
        weight = torch.nn.Parameter(torch.tensor([2.0]))
        recipe = RECIPE.model_copy(update={"optimiser": optimiser, "weight_decay": 0.1, "steps": 3})
        train(recipe, tmp_path, weight, lambda n, weight=weight: (weight * 0).sum())
        assert weight.item() == pytest.approx(2 * (1 - 1e-2 * 0.1) ** 3, rel=1e-6)


def test_radam_is_liu_et_als(tmp_path):
    """The first five updates have no variance to trust: p -= rate * corrected mean of the gradient (ICLR 2020)."""
    weight, gradients = torch.nn.Parameter(torch.tensor([1.0])), [0.5, -1.0, 2.0]
    recipe = RECIPE.model_copy(update={"optimiser": "radam", "steps": 3})
    train(recipe, tmp_path, weight, lambda n: (weight * gradients[n]).sum())
    expected, mean = 1.0, 0.0
    for n, gradient in enumerate(gradients, start=1):
        mean = 0.9 * mean + 0.1 * gradient
        expected -= 1e-2 * mean / (1 - 0.9**n)
    assert weight.item() == pytest.approx(expected, rel=1e-6)


def test_the_gradient_is_clipped(tmp_path):
    weight = torch.nn.Parameter(torch.zeros(4))
    norms = []
    weight.register_post_accumulate_grad_hook(lambda p: norms.append(p))
    recipe = RECIPE.model_copy(update={"clip": 1.0, "steps": 1})
    train(recipe, tmp_path, weight, lambda n: (weight * 100).sum())
    assert norms[0].grad.norm().item() == pytest.approx(1, rel=1e-4)


def test_eq_1_may_leave_out_what_comes_from_beyond_the_frame(data):
    class Far(LiteFlowNet):
        def forward(self, target, source):
            return torch.tensor([-8.0, 0.0]).view(1, 2, 1, 1).expand(len(target), 2, *target.shape[2:])

    batch = next(batches(crops(data, Sequences(2)), RECIPE, first=0, processes=SINGLE, device=CPU))
    finetune = Finetune(loss="blur-invariant", pairs=["ss"])
    loss = warping_loss(Far(0.0625), batch, finetune, masked=True)
    previous, current = batch["sharp"].unbind(1)
    warped = backward_warp(previous, Far(0.0625)(current, previous))
    expected = (warped - current)[..., 8:].square().mean()  # the eight columns at the left come from beyond
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_bfloat16_and_channels_last_train(data):
    recipe = RECIPE.model_copy(update={"precision": "bfloat16", "channels_last": True})
    torch.manual_seed(0)
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), LiteFlowNet(0.0625))
    batch = next(batches(crops(data, Sequences(3)), recipe, first=0, processes=SINGLE, device=CPU))
    exact = [loss.item() for loss in sequence_losses(model, batch, RECIPE)]
    accelerate(model.deblur, recipe)
    assert model.deblur.end.weight.is_contiguous(memory_format=torch.channels_last)
    half = [loss.item() for loss in sequence_losses(model, batch, recipe)]
    assert half == pytest.approx(exact, rel=0.05) and half != exact
    for loss in sequence_losses(model, batch, recipe):
        loss.backward()
    assert model.deblur.end.weight.grad.dtype == torch.float32


def test_compiled_it_computes_the_same(data, monkeypatch):
    """Traced by PyTorch's compiler, yet not turned into machine code, which takes it a minute."""
    compiled = []

    def trace(network):
        compiled.append(network)
        network.forward = torch.compile(network.forward, backend="eager")

    monkeypatch.setattr(torch.nn.Module, "compile", trace)
    torch.manual_seed(0)
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.0625, blocks=1), LiteFlowNet(0.0625))
    batch = next(batches(crops(data, Sequences(3)), RECIPE, first=0, processes=SINGLE, device=CPU))
    names, plain = list(model.state_dict()), [loss.item() for loss in sequence_losses(model, batch, RECIPE)]
    accelerate(model.deblur, RECIPE.model_copy(update={"compile": True}))
    assert compiled == [model.deblur] and list(model.state_dict()) == names
    assert [loss.item() for loss in sequence_losses(model, batch, RECIPE)] == pytest.approx(plain, rel=1e-5)


def test_the_presets_are_the_papers_and_the_released_recipe():
    paper, released = (SequenceRecipe.model_validate({"preset": name}) for name in ("paper", "released"))
    for recipe in (paper, released):
        assert (recipe.steps, recipe.batch, recipe.crop, recipe.sequence) == (600_000, 8, (256, 256), 13)
    assert (paper.loss, paper.optimiser, paper.weight_decay, paper.clip) == ("l1", "adam", 0, None)
    assert [1e-4 * rate_factor(paper, step) for step in (0, 399_999, 400_000)] == pytest.approx([1e-4, 1e-4, 2.5e-5])
    assert (released.loss, released.optimiser, released.weight_decay, released.clip) == ("mse", "radam", 0.01, 1.0)
    assert (released.windows, released.initial_state, released.noise) == ("fixed", "previous", 1e-4)
    for restart in (0, 50_000, 150_000, 300_000, 450_000):
        assert rate_factor(released, restart) == pytest.approx(1)
    bimnet = MotionRecipe.model_validate({"preset": "released"})
    assert bimnet.masked and [rate_factor(bimnet, step) for step in (0, 100_000)] == pytest.approx([1, 0.1])


def test_what_is_given_goes_before_the_preset():
    recipe = SequenceRecipe.model_validate({"preset": "released", "steps": 10, "clip": None})
    assert recipe.steps == 10 and recipe.clip is None and recipe.optimiser == "radam"
    for unknown in ("mine", [1], {"a": 1}, 2):
        with pytest.raises(ValueError, match="preset"):
            SequenceRecipe.model_validate({"preset": unknown})


@pytest.mark.parametrize("seed", [10**30, 2**63, -1, 1e30])
def test_a_seed_that_torch_does_not_take_is_refused(seed):
    recipe = {"preset": "paper"}
    training = {"motion": {"width": 1.0, "pretrain": recipe, "finetune": recipe}, "deblur": recipe}
    with pytest.raises(ParamsError, match=r"training: seed: input should be"):
        parse_params(Path("training"), training | {"seed": seed}, TrainingParams)
    torch.manual_seed(parse_params(Path("training"), training | {"seed": 2**63 - 1}, TrainingParams).seed)
