"""Packed clips: the same crops as decoding gives, whole or not at all."""

import numpy as np
import pytest
import torch
from conftest import make_dataset

from pvdbench.core.errors import DataError, WriteError
from pvdbench.datasets import packed
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import FrameReader, pack, packed_path
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.sampling import SequenceCrops, Sequences

RECIPE = SequenceRecipe(steps=1, batch=1, crop=(24, 32), learning_rate=1e-3, sequence=2)


def items(dataset):
    crops = SequenceCrops(dataset, read_clips(dataset, "train"), RECIPE, Sequences(3, margin=1, with_flow=False), 3)
    return [crops[n] for n in range(12)]


def test_packed_crops_are_decoded_crops(dataset):
    decoded = items(dataset)
    assert pack(dataset) == 4  # two clips, blurry and sharp
    for a, b in zip(decoded, items(dataset), strict=True):
        for kind in a:
            assert torch.equal(a[kind], b[kind]) and a[kind].is_contiguous() and b[kind].is_contiguous()
    assert FrameReader(dataset)._map(read_clips(dataset, "train")[0], "sharp").shape == (4, 48, 64, 3)


def path_of(dataset, video, kind):
    clip = next(clip for clip in read_clips(dataset, "train") if clip.video == video)
    return packed_path(dataset, "train", clip, kind)


def test_frames_that_were_made_again_are_not_read_from_the_old_pack(dataset):
    pack(dataset)
    other = make_dataset(dataset.parent / "other", seed=5)
    for frame in other.glob("*/*/*.png"):
        (dataset / frame.relative_to(other)).write_bytes(frame.read_bytes())
    expected = items(other)
    assert all(torch.equal(a[kind], b[kind]) for a, b in zip(expected, items(dataset), strict=True) for kind in a)


def test_what_dvc_made_does_not_change(dataset):
    before = sorted(dataset.rglob("*"))
    pack(dataset)
    assert sorted(dataset.rglob("*")) == before


def test_packing_goes_on_where_it_stopped(dataset):
    pack(dataset)
    kept = path_of(dataset, "a", "sharp")
    before = kept.stat().st_mtime_ns
    path_of(dataset, "b", "sharp").unlink()
    assert pack(dataset) == 1 and pack(dataset) == 0
    assert kept.stat().st_mtime_ns == before


def test_a_damaged_frame_leaves_no_half_pack(dataset):
    frame = dataset / "a" / "GT" / "00002.png"
    frame.write_bytes(frame.read_bytes()[:200])
    with pytest.raises(DataError, match=r"00002\.png: this is no readable PNG"):
        pack(dataset)
    assert not list((dataset.parent / "packed").rglob("a-sharp*"))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:90]), "this packed clip cannot be read"),
        (
            lambda p: np.save(p, np.zeros((3, 48, 64, 3), np.uint8)),
            r"has shape \(3, 48, 64, 3\) of uint8, its clip \(4, 48",
        ),
        (
            lambda p: np.save(p, np.zeros((4, 48, 64, 3), np.float32)),
            "of float32, its clip .* of uint8; remove it and pack",
        ),
    ],
)
def test_a_pack_of_other_frames_is_refused(dataset, harm, message):
    pack(dataset)
    harm(path_of(dataset, "a", "blurry"))
    with pytest.raises(DataError, match=message):
        items(dataset)


def test_what_was_packed_is_compared_with_the_frames(dataset, monkeypatch):
    """A disk that gives back other bytes than it took."""
    load = np.load
    monkeypatch.setattr(packed.np, "load", lambda *given, **how: load(*given, **how) ^ np.uint8(1))
    with pytest.raises(WriteError, match=r"what was written is not what .*\.png holds"):
        pack(dataset)
    assert not list((dataset.parent / "packed").rglob("*.npy*"))


def test_a_full_disk_leaves_no_half_pack(dataset, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed.np.lib.format, "open_memmap", full)
    with pytest.raises(Exception, match="No space left on device"):
        pack(dataset)
    assert not list((dataset.parent / "packed").rglob("*.npy*"))
