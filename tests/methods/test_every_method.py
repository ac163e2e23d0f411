"""The contract, tried on every folder of methods/."""

import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
import torch
from conftest import METHODS, ROOT, make_dataset
from narrow import NARROW, recipe_of, train_narrow

from pvdbench.core.errors import ParamsError, WeightsError
from pvdbench.core.params import parse_params
from pvdbench.io.weights import save_weights
from pvdbench.methods.card import method_names, read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import get_ready, load_deblurrer, load_motion_estimator, load_trainable
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture
from pvdbench.training.competitors import update_losses
from pvdbench.training.params import MethodRecipe

CPU = torch.device("cpu")
DEBLURRERS = [name for name in method_names(METHODS) if read_card(METHODS, name).task == "deblur"]
ESTIMATORS = [name for name in method_names(METHODS) if read_card(METHODS, name).task == "motion"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Narrow networks: untrained ones of each task, and competitors after a few updates."""
    folder = tmp_path_factory.mktemp("weights")
    data = make_dataset(folder / "data", frames=8)
    for name in NARROW:
        train_narrow(name, data, folder / name, steps=60)
    torch.manual_seed(0)
    flow = LiteFlowNet(0.125)
    save_weights(folder / "motion", flow.state_dict(), motion_header(flow))
    large = FlowNet2(0.0625)
    save_weights(folder / "flownet2", large.state_dict(), motion_header(large))
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.125, blocks=1), flow)
    save_weights(folder / "deblur", model.state_dict(), architecture(model))
    if missing_package(read_card(METHODS, "spandrel")) is None:
        write_image_network(folder / "spandrel.pth")
    return folder


def missing_package(card):
    """The package of the extra that the card says it needs, if it is not installed here."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in re.findall(r"pvdbench\[(\w+)\]", card.needs):
        for requirement in extras[extra]:
            package = re.match(r"[\w-]+", requirement)[0]
            try:
                version(package)
            except PackageNotFoundError:
                return package
    return None


def loaded(name, weights):
    """The method, ready; skipped where the package that its card names is missing, and for no other reason."""
    card = read_card(METHODS, name)
    if package := missing_package(card):
        pytest.skip(f"needs the package {package}: {card.needs}")
    method = (load_deblurrer if card.task == "deblur" else load_motion_estimator)(METHODS, name)
    file = weights / (name if (weights / name).exists() else card.task)
    given = weights / f"{name}.pth" if card.weights else None
    get_ready(method, METHODS, name, CPU, trained=file, given=given)
    return method


def write_image_network(path):
    """A checkpoint for spandrel, of a NAFNet that gives back its input."""
    spec = importlib.util.spec_from_file_location("names", METHODS / "spandrel" / "torchvision_names.py")
    names = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(names)
    with names.torchvision_names():
        from spandrel.architectures.NAFNet import NAFNet
    network = NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1])
    torch.nn.init.zeros_(network.ending.weight)
    torch.nn.init.zeros_(network.ending.bias)
    torch.save({"params": network.state_dict()}, path)


def test_the_paper_s_methods_are_there():
    assert {"input", "pvdnet", "deepdeblur", "dvd", "edvr", "ifirnn", "ovd", "srn"} <= set(DEBLURRERS)
    assert {"static", "tvl1", "liteflownet", "bimnet"} <= set(ESTIMATORS)


@pytest.mark.parametrize("name", method_names(METHODS))
def test_card_and_parameters(name, weights):
    card = read_card(METHODS, name)
    assert card.label and len(card.citation) > 10
    parameters = loaded(name, weights).parameters()
    assert set(parameters) <= {"deblur", "motion"} and all(count >= 0 for count in parameters.values())


@pytest.mark.parametrize("size", [(48, 64), (45, 51)])
@pytest.mark.parametrize("name", DEBLURRERS)
def test_a_deblurrer_gives_each_frame_in_order_finite_in_range_twice_the_same(name, size, weights, tmp_path):
    paths = sorted((make_dataset(tmp_path, videos=("a",), size=size, frames=8) / "a" / "input").iterdir())
    before = [path.read_bytes() for path in paths]
    method = loaded(name, weights)
    outputs = [frame.clone() for frame in method.deblur(Clip(paths))]
    assert [tuple(o.shape) for o in outputs] == [(3, *size)] * len(paths)
    assert all(o.min() >= 0 and o.max() <= 1 for o in outputs)
    assert all(map(torch.equal, outputs, method.deblur(Clip(paths)))), "a clip must not depend on the one before"
    assert all(map(torch.equal, outputs, loaded(name, weights).deblur(Clip(paths))))
    assert [path.read_bytes() for path in paths] == before
    inner = range(2, 6) if name in NARROW else range(8)  # 60 updates teach nothing about the ends of a clip
    for t in inner:  # a frame resembles its own input more than its neighbours'
        errors = [float((outputs[t] - frame).abs().mean()) for frame in Clip(paths)]
        assert int(np.argmin(errors)) == t


@pytest.mark.parametrize("name", DEBLURRERS)
def test_a_deblurrer_takes_a_clip_of_one_frame(name, weights, dataset):
    assert len(list(loaded(name, weights).deblur(Clip([dataset / "a" / "input" / "00000.png"])))) == 1


@pytest.mark.parametrize("size", [(48, 64), (45, 51)])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_gives_finite_flow_twice_the_same_and_leaves_the_frames(name, size, weights):
    target, source = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    copies = target.clone(), source.clone()
    method = loaded(name, weights)
    flow = method.flow(target, source)
    assert tuple(flow.shape) == (2, *size) and flow.dtype == torch.float32 and torch.isfinite(flow).all()
    assert torch.equal(flow, method.flow(target, source))
    assert torch.equal(target, copies[0]) and torch.equal(source, copies[1])


def test_tvl1_follows_the_convention_of_direction_and_axes():
    from scipy.ndimage import gaussian_filter

    texture = torch.from_numpy(gaussian_filter(np.random.default_rng(0).random((80, 80)), 2) * 4).float()
    target, source = texture[8:72, 8:72].expand(3, -1, -1), texture[7:71, 6:70].expand(3, -1, -1)
    flow = _tvl1().flow(target, source)
    inner = flow[:, 12:-12, 12:-12].mean((1, 2))
    np.testing.assert_allclose(inner.numpy(), [2, 1], atol=0.15)  # target(p) = source(p + (2, 1))


def _tvl1():
    method = load_motion_estimator(METHODS, "tvl1")
    method.load({}, CPU, **read_card(METHODS, "tvl1").options)
    return method


def test_every_method_that_can_be_trained_is_tested():
    assert {name for name in DEBLURRERS if read_card(METHODS, name).training} == set(NARROW)


@pytest.mark.parametrize("name", NARROW)
def test_a_recipe_of_a_card_is_whole(name):
    recipe = parse_params(METHODS / name / "method.yaml", read_card(METHODS, name).training, MethodRecipe)
    assert recipe.steps > 10_000 and recipe.crop[0] % 16 == 0


@pytest.mark.parametrize("name", NARROW)
def test_training_lowers_the_loss_of_a_batch(name):
    """One batch over and over: what unroll gives has a gradient and leads to the truth."""
    torch.manual_seed(0)
    method, options = load_trainable(METHODS, name), read_card(METHODS, name).chosen(NARROW[name], name)
    network, recipe = method.network(**options), recipe_of(name)
    draw = torch.Generator().manual_seed(0)
    batch = {kind: torch.rand(2, 6, 3, 16, 16, generator=draw) for kind in ("sharp", "blurry")}
    batch["blurry"] = (batch["sharp"] + batch["blurry"]) / 2
    optimiser, losses = torch.optim.Adam(network.parameters(), 2e-3), []
    while len(losses) < 90:
        for loss in update_losses(method, network, batch, recipe):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert np.mean(losses[-6:]) < 0.85 * np.mean(losses[:6]), losses
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters()), name


@pytest.mark.parametrize("name", NARROW)
def test_a_network_without_weights_or_with_those_of_another_says_so(name, weights):
    method = load_deblurrer(METHODS, name)
    with pytest.raises(WeightsError, match=f"{name}: this method needs a file of weights; give one with --weights: "):
        method.load({}, CPU)
    with pytest.raises(WeightsError, match=f"these are weights of 'pvdnet', not of '{name}'; name a row"):
        method.load({"network": weights / "deblur"}, CPU)
    with pytest.raises(WeightsError, match="these are no safetensors with a pvdbench header"):
        damaged = weights / f"{name}-half"
        damaged.write_bytes((weights / name).read_bytes()[:5000])
        method.load({"network": damaged}, CPU)


def test_a_card_knows_its_options():
    card = read_card(METHODS, "dvd")
    assert card.chosen({"width": 1, "align": "tvl1"}, "x") == {"width": 1, "align": "tvl1", "sigmoid": False}
    with pytest.raises(ParamsError, match=r"x\.wide: unknown option 'wide'; choose from align, sigmoid, width"):
        card.chosen({"wide": 1.0}, "x")
    with pytest.raises(ParamsError, match=r"x\.sigmoid: 1 is no bool; correct it"):
        card.chosen({"sigmoid": 1}, "x")


def test_a_package_that_is_missing_is_named_and_nothing_else_is_skipped(monkeypatch):
    card = read_card(METHODS, "spandrel")

    def nothing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(
        "test_every_method.version" if __name__ == "test_every_method" else f"{__name__}.version", nothing
    )
    assert missing_package(card) == "spandrel"
    assert missing_package(read_card(METHODS, "input")) is None
