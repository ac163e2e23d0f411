import numpy as np
import pytest
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.packed import pack
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, read_table, write_table


def test_reads_clips_in_order(dataset):
    clips = read_clips(dataset, "test")
    assert [clip.video for clip in clips] == ["a", "b"]
    assert [frame.name for frame in clips[0].frames] == ["00000", "00001", "00002", "00003"]
    assert clips[0].frames[0].flow is None and clips[0].frames[1].flow == dataset / "a" / "flow" / "00001.flo"


def test_the_order_of_the_manifests_lines_is_of_no_importance(dataset):
    clips = read_clips(dataset, "test")
    first, *lines = (dataset / "manifest.csv").read_text().splitlines()
    (dataset / "manifest.csv").write_text("\n".join((first, *reversed(lines))) + "\n")
    assert read_clips(dataset, "test") == clips


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda d: (d / "a/GT/00002.png").unlink(), r"a/GT/00002\.png: this frame is not there"),
        (lambda d: (d / "a/GT/00002.png").write_bytes(b"<html>"), r"a/GT/00002\.png: this is no readable PNG or JPEG"),
        (
            lambda d: write_frame(d / "b/GT/00001.png", np.zeros((48, 60, 3), np.uint8)),
            r"b/GT/00001\.png: this frame is of 60x48, .*b/input/00000\.png of 64x48",
        ),
        (
            lambda d: Image.new("RGB", (64, 47)).save(d / "b/input/00003.png"),
            r"b/input/00003\.png: this frame is of 64x47, .* of 64x48",
        ),
        (lambda d: (d / "manifest.csv").unlink(), r"tiny: this data set is not there: it has no manifest\.csv; run"),
        (
            lambda d: (d / "manifest.csv").write_text("a,b\n"),
            r"manifest\.csv: its columns are a, b, and should be video, split",
        ),
    ],
)
def test_what_is_wrong_is_named(dataset, harm, message):
    harm(dataset)
    with pytest.raises(DataError, match=message):
        read_clips(dataset, "test")


def test_a_split_that_is_not_there_is_named(dataset):
    with pytest.raises(DataError, match=r"manifest\.csv lists no clip of the split 'validation'"):
        read_clips(dataset, "validation")


def test_packing_a_data_set_without_truth_says_so(dataset):
    table = read_table(dataset / "manifest.csv", MANIFEST)
    write_table(dataset / "manifest.csv", table.assign(sharp=None), MANIFEST)
    assert len(read_clips(dataset, "test")) == 2
    with pytest.raises(DataError, match=r"00000\.png: this data set has no sharp frames"):
        pack(dataset, "test")


@pytest.mark.parametrize("column", ["video", "split", "frame", "blurry"])
def test_a_blank_cell_is_named(dataset, column):
    table = read_table(dataset / "manifest.csv", MANIFEST)
    table.loc[2, column] = None
    write_table(dataset / "manifest.csv", table, MANIFEST)
    with pytest.raises(DataError, match=rf"manifest\.csv: line 4: {column} is blank; make the manifest again"):
        read_clips(dataset, "test")
