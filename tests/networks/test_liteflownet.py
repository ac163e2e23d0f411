import numpy as np
import pytest
import torch
from recorded import frames, pour, recorded_run

from pvdbench.core.errors import DataError
from pvdbench.networks.cost_volume import cost_volume
from pvdbench.networks.liteflownet import LiteFlowNet


def test_width_one_is_the_papers_network():
    assert sum(p.numel() for p in LiteFlowNet().parameters()) == 5_381_969


def test_reproduces_the_authors_recorded_flow():
    # In float64, as float32 rounds differently on each processor (up to 7.8e-4 px). Flow reaches 11.9 px under these
    # weights; what is left, up to 3.1e-4 px, is the rounding of the recording, which is float32.
    difference = np.abs(flow_of_recorded_frames(torch.float64) - recorded_run()["flow"])
    assert difference.max() < 4e-4
    assert (difference < 1e-4).mean() > 0.98


def test_float32_rounds_that_flow_by_less_than_2_thousandths_of_a_pixel():
    difference = np.abs(flow_of_recorded_frames(torch.float32) - flow_of_recorded_frames(torch.float64))
    assert difference.max() < 2e-3
    assert (difference < 1e-4).mean() > 0.9


def flow_of_recorded_frames(dtype):
    network, clip = pour(LiteFlowNet(), "BIMNet.").to(dtype), frames().to(dtype)
    with torch.no_grad():
        return network(clip, clip[[0, 0, 1, 2]]).numpy()


def test_flow_covers_any_size_and_is_zero_where_the_authors_crop():
    network = LiteFlowNet(width=0.125).eval()
    with torch.no_grad():
        flow = network(torch.rand(1, 3, 45, 70), torch.rand(1, 3, 45, 70))
    assert flow.shape == (1, 2, 45, 70)
    assert (flow[:, :, 32:] == 0).all() and (flow[:, :, :, 64:] == 0).all()
    assert (flow[:, :, :32, :64] != 0).all()


@pytest.mark.parametrize("size", [(31, 64), (64, 31), (3, 2)])
def test_frames_below_32_pixels_are_refused(size):
    frame = torch.rand(1, 3, *size)
    with pytest.raises(DataError, match=f"a frame of {size[1]}x{size[0]} is smaller than 32x32; use larger"):
        LiteFlowNet(width=0.125)(frame, frame)


def test_pyramid_refuses_other_sides():
    with pytest.raises(ValueError, match=r"multiples of 32, got \(40, 64\)"):
        network, frame = LiteFlowNet(width=0.125), torch.rand(1, 3, 40, 64)
        network.pyramid(network.encode(frame), network.encode(frame, source=True))


def test_gradients_stay_finite_on_equal_frames():
    network, frame = LiteFlowNet(width=0.125), torch.rand(1, 3, 32, 32)
    network(frame, frame).abs().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_cost_volume_is_its_definition():
    first, second = torch.rand(2, 3, 6, 7), torch.rand(2, 3, 6, 7)
    cost = cost_volume(first, second)
    assert cost.shape == (2, 49, 6, 7)
    for channel, (dy, dx) in {0: (-3, -3), 24: (0, 0), 26: (0, 2), 45: (3, 0)}.items():
        for y, x in ((0, 0), (3, 4), (5, 6)):
            inside = 0 <= y + dy < 6 and 0 <= x + dx < 7
            expected = (first[:, :, y, x] * second[:, :, y + dy, x + dx]).mean(1) if inside else torch.zeros(2)
            torch.testing.assert_close(cost[:, channel, y, x], expected)


def test_the_gradient_of_the_cost_volume():
    torch.manual_seed(0)
    maps = [torch.rand(1, 2, 4, 5, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(cost_volume, tuple(maps))
