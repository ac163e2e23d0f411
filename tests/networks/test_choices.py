"""The most frequent and the nearest candidate, against counting."""

from collections import Counter

import torch
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.networks.pixel_volume import most_frequent, nearest


@given(st.lists(st.integers(0, 4), min_size=9, max_size=9))
def test_the_mode_is_what_counting_finds(values):
    volume = (torch.tensor(values) / 127.5 - 1).view(1, 9, 1, 1)
    found = round((float(most_frequent(volume)) + 1) * 127.5)
    counts = Counter(values)
    assert counts[found] == max(counts.values())
    assert found == next(value for value in values if counts[value] == max(counts.values()))  # the first among equals


def test_values_of_one_byte_count_together():
    volume = torch.tensor([0.5, 0.1, 0.1002, 0.9]).view(1, 4, 1, 1)
    assert float(most_frequent(volume)) == torch.tensor(0.1)


def test_the_nearest_by_hand():
    volume = torch.tensor([[0.0, 1.0], [0.4, -1.0], [0.7, 0.2]]).view(1, 3, 1, 2)
    assert (
        nearest(volume, torch.tensor([0.5, 0.1]).view(1, 1, 1, 2)).flatten().tolist()
        == torch.tensor([0.4, 0.2]).tolist()
    )
