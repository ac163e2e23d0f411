import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import map_coordinates

from pvdbench.core.warp import backward_warp, inside


@settings(max_examples=40)
@given(flow=arrays(np.float64, (2, 6, 7), elements=st.floats(-9, 9)))
def test_is_scipys_linear_interpolation_with_zeros_outside(flow):
    image = np.random.default_rng(0).random((6, 7))
    y, x = np.mgrid[:6, :7]
    expected = map_coordinates(np.pad(image, 12), [y + flow[1] + 12, x + flow[0] + 12], order=1)
    warped = backward_warp(torch.from_numpy(image)[None, None], torch.from_numpy(flow)[None])
    np.testing.assert_allclose(warped[0, 0].numpy(), expected, atol=1e-9)


@given(dx=st.integers(-3, 3), dy=st.integers(-3, 3))
def test_a_whole_pixel_flow_moves_the_image(dx, dy):
    image = torch.rand(1, 2, 9, 9, dtype=torch.float64)
    flow = torch.tensor([dx, dy], dtype=torch.float64).view(1, 2, 1, 1).expand(1, 2, 9, 9)
    torch.testing.assert_close(backward_warp(image, flow)[..., 3:6, 3:6], image[..., 3 + dy : 6 + dy, 3 + dx : 6 + dx])


def test_gradient():
    image = torch.rand(1, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    flow = (torch.rand(1, 2, 4, 5, dtype=torch.float64) * 0.4 + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(backward_warp, [image, flow])


def test_inside_counts_the_border_in():
    flow = torch.zeros(1, 2, 3, 4)
    assert inside(flow).all()
    flow[0, 0] = 0.5
    assert not inside(flow)[0, 0, :, 3].any() and inside(flow)[0, 0, :, :3].all()


def test_refuses_a_flow_of_another_size():
    with pytest.raises(ValueError, match=r"flow must be \(1, 2, 4, 5\), got \(1, 2, 4, 4\)"):
        backward_warp(torch.rand(1, 3, 4, 5), torch.rand(1, 2, 4, 4))
