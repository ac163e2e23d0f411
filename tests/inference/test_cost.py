"""Multiply-adds against a count by hand."""

import pytest
import torch
from torch import nn

from pvdbench.inference.cost import multiply_adds, run_cost


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_multiply_adds_of_convolutions_and_matrices_by_hand(mode):
    network = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 4, 3, stride=2, padding=1))
    linear = nn.Linear(16, 5)
    frame = torch.rand(1, 3, 36, 64)

    def work():
        with mode():
            for _ in range(2):
                linear(network(frame).mean((2, 3)).repeat(1, 4))

    pixels = 36 * 64
    by_hand = 3 * 8 * 25 * pixels + 8 * 4 * 9 * pixels / 4 + 16 * 5
    counted = multiply_adds(work, frames=2, width=64, height=36)
    assert counted == pytest.approx(by_hand * 1280 * 720 / pixels, rel=1e-9)


def test_it_grows_with_pixels_alone():
    network = nn.Conv2d(3, 8, 3, padding=1)
    small, large = (
        multiply_adds(lambda h=h, w=w: network(torch.rand(1, 3, h, w)), frames=1, width=w, height=h)
        for h, w in ((20, 30), (40, 90))
    )
    assert small == pytest.approx(large) == pytest.approx(3 * 8 * 9 * 1280 * 720)


def test_what_was_not_measured_is_none():
    cost = run_cost({}, [], torch.zeros(3, 4, 6), None)
    assert cost.timing["milliseconds_median"] is None and cost.complexity.multiply_adds_720p is None
    assert (cost.complexity.width, cost.complexity.height, cost.timing["frames"]) == (6, 4, 0)


def test_what_differs_between_machines_is_no_part_of_the_complexity():
    slow, fast = (run_cost({"deblur": 3}, [ms], torch.zeros(3, 4, 6), 1.5) for ms in (9.0, 1.0))
    assert slow.complexity == fast.complexity and slow.timing != fast.timing
