import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.core.padding import padded


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 4, 16]))
def test_edges_repeat_until_both_sides_are_multiples(h, w, multiple):
    frames = torch.rand(2, 5, 3, h, w, generator=torch.Generator().manual_seed(0))
    result = padded(frames, multiple)
    tall, wide = result.shape[-2:]
    assert result.shape[:3] == (2, 5, 3)
    assert tall % multiple == wide % multiple == 0 and 0 <= tall - h < multiple and 0 <= wide - w < multiple
    rows, columns = torch.arange(tall).clamp(max=h - 1), torch.arange(wide).clamp(max=w - 1)
    assert torch.equal(result, frames[..., rows[:, None], columns])


@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 3, 5, 6)])
def test_any_number_of_leading_axes(shape):
    assert padded(torch.zeros(shape), 4).shape == (*shape[:-2], 8, 8)
