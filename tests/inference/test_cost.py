"""Multiply-adds against a count by hand."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pvdbench.inference.cost import CostMeter, multiply_adds, read_clip_cost, row_cost


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


def clip_cost(milliseconds, counted=None, parameters=None, **facts):
    meter = CostMeter(parameters or {}, lambda: counted, "frame")
    return replace(read_clip_cost(meter.clip(milliseconds, torch.zeros(3, 4, 6), 6, 4)), **facts)


def test_what_was_not_measured_is_none():
    timing, complexity = row_cost([clip_cost([])])
    assert timing["milliseconds_median"] is None and complexity.multiply_adds_720p is None
    assert (complexity.width, complexity.height, timing["frames"]) == (6, 4, 0)


def test_what_differs_between_machines_is_no_part_of_the_complexity():
    slow, fast = (row_cost([clip_cost([ms], 1.5, {"deblur": 3})]) for ms in (9.0, 1.0))
    assert slow[1] == fast[1] and slow[0] != fast[0]


def test_clips_of_several_processes_are_merged():
    clips = [clip_cost([3.0, 1.0], seconds=2.0, peak_memory_mib=50.0), clip_cost([2.0], seconds=1.5, hardware="other")]
    timing, _ = row_cost(clips)
    assert (timing["milliseconds_median"], timing["frames"], timing["seconds"]) == (2.0, 3, 3.5)
    assert timing["peak_memory_mib"] >= 50 and timing["hardware"].endswith(" and other")
