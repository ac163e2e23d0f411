"""Packed clips: the same crops as decoding gives, whole or not at all."""

import numpy as np
import pytest
import torch

from pvdbench.core.errors import DataError
from pvdbench.datasets import packed
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import FrameReader, pack
from pvdbench.training.crops import SequenceCrops, Sequences
from pvdbench.training.params import SequenceRecipe

RECIPE = SequenceRecipe(steps=1, batch=1, crop=(24, 32), learning_rate=1e-3, sequence=2)


def items(dataset):
    crops = SequenceCrops(dataset, read_clips(dataset, "train"), RECIPE, Sequences(3, around=1, with_flow=False), 3)
    return [crops[n] for n in range(12)]


def test_packed_crops_are_decoded_crops(dataset):
    decoded = items(dataset)
    assert pack(dataset) == 4  # two clips, blurry and sharp
    assert all(torch.equal(a[kind], b[kind]) for a, b in zip(decoded, items(dataset), strict=True) for kind in a)
    assert FrameReader(dataset)._map(read_clips(dataset, "train")[0], "sharp").shape == (4, 48, 64, 3)


def test_packing_goes_on_where_it_stopped(dataset):
    pack(dataset)
    kept = dataset / "packed" / "train" / "a-sharp.npy"
    before = kept.stat().st_mtime_ns
    (dataset / "packed" / "train" / "b-sharp.npy").unlink()
    assert pack(dataset) == 1 and pack(dataset) == 0
    assert kept.stat().st_mtime_ns == before


def test_a_damaged_frame_leaves_no_half_pack(dataset):
    frame = dataset / "a" / "GT" / "00002.png"
    frame.write_bytes(frame.read_bytes()[:200])
    with pytest.raises(DataError, match=r"00002\.png: expected a whole PNG"):
        pack(dataset)
    assert not list((dataset / "packed").rglob("a-sharp*"))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:90]), "expected a packed clip, got"),
        (lambda p: np.save(p, np.zeros((3, 48, 64, 3), np.uint8)), r"expected \(4, 48, 64, 3\) of uint8, got \(3, 48"),
        (lambda p: np.save(p, np.zeros((4, 48, 64, 3), np.float32)), "of uint8, got .* of float32; remove it and pack"),
    ],
)
def test_a_pack_of_other_frames_is_refused(dataset, harm, message):
    pack(dataset)
    harm(dataset / "packed" / "train" / "a-blurry.npy")
    with pytest.raises(DataError, match=message):
        items(dataset)


def test_a_full_disk_leaves_no_half_pack(dataset, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed.np.lib.format, "open_memmap", full)
    with pytest.raises(Exception, match="No space left on device"):
        pack(dataset)
    assert not list((dataset / "packed").rglob("*.npy*"))
