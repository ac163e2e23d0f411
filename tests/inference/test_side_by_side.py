"""Reading ahead and writing behind keep order, numbers and errors."""

import threading

import pytest
import torch

from pvdbench.core.errors import DataError
from pvdbench.inference.side_by_side import read_ahead, written_behind
from pvdbench.methods.clip import Clip


class Numbers(Clip):
    """Ten frames that hold their number; the fifth cannot be read where it is damaged."""

    def __init__(self, damaged=False):
        super().__init__([], names=[f"{t}" for t in range(10)])
        self.damaged, self.read, self.threads = damaged, [], set()

    def __len__(self):
        return 10

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[t] for t in range(10)[index]]
        if self.damaged and index == 5:
            raise DataError("5 is damaged")
        self.read.append(index)
        self.threads.add(threading.get_ident())
        return torch.full((3, 1, 1), float(index))


def test_a_clip_is_read_once_in_order_and_one_frame_ahead():
    clip = Numbers()
    with read_ahead(clip) as ahead:
        assert (len(ahead), ahead.names) == (10, clip.names)
        for t in range(10):
            assert ahead[t].unique().tolist() == [t]
    assert clip.read == list(range(10))
    assert threading.get_ident() not in clip.threads and len(clip.threads) == 1


def test_any_other_order_gives_the_same_frames():
    with read_ahead(Numbers()) as ahead:
        assert [float(ahead[t].mean()) for t in (3, 3, 0, 9, 4)] == [3, 3, 0, 9, 4]
        assert [float(frame.mean()) for frame in ahead[2:4]] == [2, 3]


def test_a_damaged_frame_is_refused_when_it_is_asked_for():
    with read_ahead(Numbers(damaged=True)) as ahead:
        assert float(ahead[4].mean()) == 4
        with pytest.raises(DataError, match="5 is damaged"):
            ahead[5]


def test_frames_are_written_in_order_and_the_last_before_the_block_ends():
    written = []
    with written_behind(lambda t, frame: written.append((t, frame))) as write:
        for t in range(5):
            write(t, t * t)
    assert written == [(t, t * t) for t in range(5)]


@pytest.mark.parametrize("failing", [1, 4])
def test_what_writing_raises_is_raised(failing):
    def write_one(t, frame):
        if t == failing:
            raise OSError("full")

    with pytest.raises(OSError, match="full"), written_behind(write_one) as write:
        for t in range(5):
            write(t, t)
