"""The contract, held against every folder of methods/."""

import numpy as np
import pytest
import torch
from conftest import METHODS, make_dataset

from pvdbench.contract.card import method_names, read_card
from pvdbench.contract.clip import Clip
from pvdbench.contract.folder import get_ready, load_deblurrer, load_motion_estimator
from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.core.weights import save_weights
from pvdbench.deblur.params import NetworkParams
from pvdbench.deblur.recurrence import VideoDeblurrer, architecture
from pvdbench.motion.estimator import motion_header
from pvdbench.motion.flownet2 import FlowNet2
from pvdbench.motion.liteflownet import LiteFlowNet

CPU = torch.device("cpu")
DEBLURRERS = [name for name in method_names(METHODS) if read_card(METHODS, name).task == "deblur"]
ESTIMATORS = [name for name in method_names(METHODS) if read_card(METHODS, name).task == "motion"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Untrained narrow networks of each task."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    flow = LiteFlowNet(0.125)
    save_weights(folder / "motion", flow.state_dict(), motion_header(flow))
    large = FlowNet2(0.0625)
    save_weights(folder / "flownet2", large.state_dict(), motion_header(large))
    model = VideoDeblurrer(NetworkParams(volume="gray", width=0.125, blocks=1), flow)
    save_weights(folder / "deblur", model.state_dict(), architecture(model))
    return folder


def loaded(name, weights):
    card = read_card(METHODS, name)
    method = (load_deblurrer if card.task == "deblur" else load_motion_estimator)(METHODS, name)
    file = name if (weights / name).exists() else card.task
    try:
        get_ready(method, METHODS, name, CPU, trained=weights / file)
    except (MethodError, WeightsError) as error:
        if not card.needs:
            raise
        pytest.skip(str(error))
    return method


def test_the_paper_s_methods_are_there():
    assert {"input", "pvdnet"} <= set(DEBLURRERS)
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
    paths = sorted((make_dataset(tmp_path, videos=("a",), size=size) / "a" / "input").iterdir())
    before = [path.read_bytes() for path in paths]
    method = loaded(name, weights)
    outputs = [frame.clone() for frame in method.deblur(Clip(paths))]
    assert [tuple(o.shape) for o in outputs] == [(3, *size)] * len(paths)
    assert all(o.min() >= 0 and o.max() <= 1 for o in outputs)
    assert all(map(torch.equal, outputs, method.deblur(Clip(paths)))), "a clip must not depend on the one before"
    assert all(map(torch.equal, outputs, loaded(name, weights).deblur(Clip(paths))))
    assert [path.read_bytes() for path in paths] == before
    for t, output in enumerate(outputs):  # a frame resembles its own input more than its neighbours'
        errors = [float((output - frame).abs().mean()) for frame in Clip(paths)]
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
