"""A part of a data set: first videos, first frames, a centred crop, and a note that says so."""

import numpy as np
import pytest
from conftest import make_dataset

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.params import Subset
from pvdbench.datasets.subset import describe_subset, take_subset
from pvdbench.io.flow import read_flow
from pvdbench.io.images import read_frame


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny")


def frames_of(folder, split):
    return {clip.video: [frame.name for frame in clip.frames] for clip in read_clips(folder, split)}


def test_first_videos_and_first_frames_are_copied_byte_for_byte(whole, tmp_path):
    take_subset(whole, Subset(of="tiny", videos=1, frames=3), tmp_path / "part")
    for split in ("train", "test"):
        (video, names), *_ = frames_of(whole, split).items()
        assert frames_of(tmp_path / "part", split) == {video: names[:3]}
    for clip, part in zip(read_clips(whole, "test")[:1], read_clips(tmp_path / "part", "test"), strict=True):
        for frame, same in zip(clip.frames, part.frames, strict=False):
            assert frame.blurry.read_bytes() == same.blurry.read_bytes()
            assert (frame.flow is None) == (same.flow is None)


def test_a_crop_is_the_middle_of_frames_and_flow(whole, tmp_path):
    take_subset(whole, Subset(of="tiny", size=(32, 34)), tmp_path / "part")
    clip, part = read_clips(whole, "test")[0], read_clips(tmp_path / "part", "test")[0]
    assert len(clip.frames) == len(part.frames)
    frame, cropped = clip.frames[1], part.frames[1]
    height, width = read_frame(frame.sharp).shape[:2]
    y, x = (height - 34) // 2, (width - 32) // 2
    assert np.array_equal(read_frame(cropped.sharp), read_frame(frame.sharp)[y : y + 34, x : x + 32])
    assert np.array_equal(read_flow(cropped.flow), read_flow(frame.flow)[y : y + 34, x : x + 32])


def test_a_subset_says_what_it_is_and_a_whole_one_nothing(whole, tmp_path):
    take_subset(whole, Subset(of="tiny", videos=1, frames=2, size=(32, 32)), tmp_path / "part")
    expected = "a subset of tiny: 1 videos of each split, the first 2 frames of each, 32x32 px from their middle"
    assert describe_subset(tmp_path / "part") == expected and describe_subset(whole) is None


def test_equal_subsets_have_equal_bytes(whole, tmp_path):
    for name in ("a", "b"):
        take_subset(whole, Subset(of="tiny", frames=2, size=(40, 32)), tmp_path / name)
    first, second = ({p.relative_to(tmp_path / n): p.read_bytes() for p in sorted((tmp_path / n).rglob("*.*"))}
                     for n in ("a", "b"))  # fmt: skip
    assert list(first.values()) == list(second.values()) and len(first) > 4


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"videos": 99}, "its split 'test' has .* videos, not 99; lower `videos`"),
        ({"size": (999, 32)}, "a crop of 999x32 does not fit into .*; lower `size`"),
    ],
)
def test_more_than_there_is_is_refused_and_nothing_is_left(whole, tmp_path, asked, message):
    with pytest.raises(DataError, match=message):
        take_subset(whole, Subset(of="tiny", **asked), tmp_path / "part")
    assert list(tmp_path.iterdir()) == []
