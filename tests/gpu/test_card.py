"""Kernels, graphs and transfers on a graphics card: `make gpu`."""

import pytest
import torch

from pvdbench.networks import kernels
from pvdbench.networks.candidates import read_on_pixels
from pvdbench.networks.cost_volume import cost_volume
from pvdbench.networks.graphed import graphed
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.transfers import downloaded, uploaded
from pvdbench.networks.video_deblurrer import VideoDeblurrer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card here")
CARD = torch.device("cuda")
SHAPES = [(1, 1, 1), (2, 13, 37), (1, 180, 320)]


@pytest.fixture(autouse=True)
def exact():
    """Float32 as on the processor: no TF32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


@pytest.fixture
def operators(monkeypatch):
    """Compute again, by PyTorch's operators."""

    def compute(function, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(kernels, "_can_build", lambda device: False)
            return function(*arguments)

    return compute


def test_kernels_are_built_here():
    assert kernels.kernels_take(torch.rand(1, device=CARD))


@torch.no_grad()
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_candidates_are_those_of_the_operators(operators, shape, dtype, size):
    b, h, w = shape
    previous, current = torch.rand(2, b, 1, h, w, device=CARD).to(dtype)
    match = torch.randint(-9, max(h, w) + 9, (b, 2, h, w), device=CARD).float()
    expected = operators(read_on_pixels, previous, match, current, size)
    assert torch.equal(read_on_pixels(previous, match, current, size), expected)
    last = match.contiguous(memory_format=torch.channels_last)
    assert torch.equal(read_on_pixels(previous, last, current, size), expected)


@torch.no_grad()
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [1, 64, 96, 192])
def test_costs_are_those_of_the_operators(operators, shape, channels):
    b, h, w = shape
    first, second = torch.randn(2, b, channels, h, w, device=CARD)
    expected = operators(cost_volume, first, second)
    torch.testing.assert_close(cost_volume(first, second), expected, rtol=0, atol=1e-5)
    last = [one.contiguous(memory_format=torch.channels_last) for one in (first, second)]
    torch.testing.assert_close(cost_volume(*last), expected, rtol=0, atol=1e-5)


def small_model():
    torch.manual_seed(0)
    return VideoDeblurrer(NetworkParams(volume="gray", width=0.25, blocks=2), LiteFlowNet(0.25)).to(CARD).eval()


@torch.inference_mode()
def test_a_recurrence_by_a_graph_is_the_recurrence():
    model, frames = small_model(), torch.rand(6, 1, 3, 64, 96, device=CARD) * 2 - 1
    step = graphed(model, *frames[:4])
    state = expected = frames[0]
    ours, truths = [], []
    for t in range(1, 5):
        state = step(frames[t - 1], frames[t], frames[t + 1], state)
        expected = model(frames[t - 1], frames[t], frames[t + 1], expected)
        ours.append(state)
        truths.append(expected)
    torch.testing.assert_close(torch.stack(ours), torch.stack(truths), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_frames_survive_their_transfers_while_the_card_computes():
    clip = list(torch.rand(12, 3, 200, 300))
    busy = torch.rand(2000, 2000, device=CARD)

    def doubled():
        for frame in uploaded(clip, CARD):
            assert (busy @ busy).numel()
            yield frame * 2

    for frame, ours in zip(clip, downloaded(doubled(), CARD), strict=True):
        assert torch.equal(ours, frame * 2)
