import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from recorded import recorded_run

from pvdbench.core.colour import gray
from pvdbench.networks.pixel_volume import pixel_volume


def by_definition(previous, flow, current, size):
    """Sec. 3.2 and the authors' border rules, pixel by pixel."""
    h, w = previous.shape
    r = size // 2
    volume = np.zeros((size * size, h, w), np.float32)
    for k, (i, j) in enumerate((i, j) for i in range(-r, r + 1) for j in range(-r, r + 1)):
        for y in range(h):
            for x in range(w):
                qx, qy = x - i, y - j
                if not (0 <= qx < w and 0 <= qy < h):
                    continue
                mx = int(qx + flow[0, qy, qx]) + i  # int truncates towards zero
                my = int(qy + flow[1, qy, qx]) + j
                inner = 1 <= mx <= w - 2 and 1 <= my <= h - 2
                volume[k, y, x] = previous[my, mx] if inner else current[y, x]
    return volume


eighths = st.integers(-40, 40).map(lambda n: n / 8)  # exact in float32, so that truncation has no ties to lose


@settings(max_examples=30)
@given(flow=arrays(np.float32, (2, 7, 8), elements=eighths), size=st.sampled_from([1, 3, 5]))
def test_is_its_definition(flow, size):
    rng = np.random.default_rng(0)
    previous, current = rng.random((2, 7, 8), dtype=np.float32)
    volume = pixel_volume(
        *(torch.from_numpy(a)[None, None] for a in (previous,)),
        torch.from_numpy(flow)[None],
        torch.from_numpy(current)[None, None],
        size=size,
    )
    np.testing.assert_array_equal(volume[0].numpy(), by_definition(previous, flow, current, size))


def test_reproduces_the_authors_recorded_volume():
    run = recorded_run()
    frame = torch.from_numpy(run["frames"]).permute(0, 3, 1, 2).float() / 255 * 2 - 1
    state = torch.from_numpy(run["out"][0])[None]
    volume = pixel_volume(gray(state), torch.from_numpy(run["flow"][1])[None], gray(frame[1:2]))
    np.testing.assert_allclose(volume[0].numpy(), run["pv1"], atol=1e-6)


def test_zero_flow_counts_of_the_authors_code():
    previous, current = torch.ones(1, 1, 9, 9), torch.full((1, 1, 9, 9), 2.0)
    volume = pixel_volume(previous, torch.zeros(1, 2, 9, 9), current)[0]

    def counts(y, x):
        return [int((volume[:, y, x] == value).sum()) for value in (1, 2, 0)]  # previous, current, zero

    assert counts(4, 4) == [25, 0, 0]
    assert counts(0, 4) == [0, 15, 10]
    assert counts(1, 4) == [20, 0, 5]
    assert counts(0, 0) == [0, 9, 16]


def test_the_three_readings_agree_on_whole_pixels_and_differ_between():
    previous, current = torch.rand(1, 1, 8, 9), torch.rand(1, 1, 8, 9)
    whole, between = torch.full((1, 2, 8, 9), 1.0), torch.full((1, 2, 8, 9), 0.75)

    def read(flow, how):
        return pixel_volume(previous, flow, current, size=3, coordinates=how)[0, 4, 2:5, 2:5]  # candidate (0, 0)

    for how in ("round", "bilinear"):
        torch.testing.assert_close(read(whole, how), read(whole, "truncate"))
    torch.testing.assert_close(read(between, "truncate"), previous[0, 0, 2:5, 2:5])
    torch.testing.assert_close(read(between, "round"), previous[0, 0, 3:6, 3:6])


def test_only_bilinear_coordinates_pass_a_gradient_to_the_flow():
    frames = torch.rand(2, 1, 1, 6, 7, dtype=torch.float64)
    flow = (torch.rand(1, 2, 6, 7, dtype=torch.float64) * 0.4 + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f: pixel_volume(frames[0], f, frames[1], size=3, coordinates="bilinear"), [flow]
    )
    pixel_volume(frames[0].requires_grad_(), flow, frames[1], size=3).sum().backward()
    assert flow.grad is None or not flow.grad.any()


def test_refuses_what_does_not_fit():
    frame, flow = torch.rand(1, 1, 6, 7), torch.zeros(1, 2, 6, 7)
    with pytest.raises(ValueError, match="size must be odd, got 4"):
        pixel_volume(frame, flow, frame, size=4)
    with pytest.raises(ValueError, match=r"must be \(1, 1, 6, 7\)"):
        pixel_volume(frame[..., :-1], flow, frame)


def test_gradient():
    """Of the values always; of the flow where coordinates are read bilinearly."""
    torch.manual_seed(0)
    previous = torch.rand(1, 1, 6, 7, dtype=torch.float64, requires_grad=True)
    current = torch.rand(1, 1, 6, 7, dtype=torch.float64, requires_grad=True)
    flow = torch.rand(1, 2, 6, 7, dtype=torch.float64) * 0.8 + 0.1  # between pixels, where bilinear reading is smooth
    assert torch.autograd.gradcheck(lambda p, c: pixel_volume(p, flow, c, size=3), (previous, current))
    moving = flow.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda p, f, c: pixel_volume(p, f, c, size=3, coordinates="bilinear"), (previous, moving, current)
    )
