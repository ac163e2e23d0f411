import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.io.flow import read_flow, write_flow
from pvdbench.io.images import frame_size, read_frame, read_mask, to_bytes, write_frame
from pvdbench.io.tables import TRAINING_LOG, read_table, write_table

NOISE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def test_png_keeps_every_byte(tmp_path):
    write_frame(tmp_path / "f.png", NOISE)
    np.testing.assert_array_equal(read_frame(tmp_path / "f.png"), NOISE)
    assert frame_size(tmp_path / "f.png") == (7, 5)


def test_a_gray_file_is_no_frame(tmp_path):
    Image.fromarray(NOISE[..., 0]).save(tmp_path / "g.png")
    with pytest.raises(DataError, match="expected an image of 8-bit RGB, got 8-bit grey"):
        read_frame(tmp_path / "g.png")


def test_truncated_missing_and_foreign_frames_are_named(tmp_path):
    path = tmp_path / "f.png"
    write_frame(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"f\.png: expected a whole PNG or JPEG, got a damaged one"):
        read_frame(path)
    with pytest.raises(DataError, match=r"none\.png: expected a frame, found no file"):
        read_frame(tmp_path / "none.png")
    path.write_text("<html>")
    with pytest.raises(DataError, match=r"f\.png: expected a PNG or JPEG"):
        frame_size(path)


def test_bytes_are_rounded_half_up_and_clipped():
    values = np.array([-1, 0, 0.5 / 255, 0.49 / 255, 1, 2])
    np.testing.assert_array_equal(to_bytes(values), [0, 0, 1, 0, 255, 255])


def test_flow_comes_back_and_has_middleburys_layout(tmp_path):
    flow = np.random.default_rng(0).standard_normal((3, 4, 2)).astype(np.float32)
    write_flow(tmp_path / "a.flo", flow)
    np.testing.assert_array_equal(read_flow(tmp_path / "a.flo"), flow)
    data = (tmp_path / "a.flo").read_bytes()
    assert np.frombuffer(data, "<f4", 1)[0] == np.float32(202021.25)  # the tag of Middlebury's format
    assert np.frombuffer(data, "<i4", 2, 4).tolist() == [4, 3]
    assert np.frombuffer(data, "<f4", 2, 12).tolist() == flow[0, 0].tolist()


def test_damaged_flow_is_named(tmp_path):
    write_flow(tmp_path / "a.flo", np.zeros((3, 4, 2), np.float32))
    (tmp_path / "a.flo").write_bytes((tmp_path / "a.flo").read_bytes()[:-1])
    with pytest.raises(DataError, match=r"a\.flo: expected 108 bytes for 4x3, got 107"):
        read_flow(tmp_path / "a.flo")
    (tmp_path / "b.flo").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="starts with PIEH"):
        read_flow(tmp_path / "b.flo")
    with pytest.raises(DataError, match="found none"):
        read_flow(tmp_path / "c.flo")


def test_tables_are_strict_about_columns(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame([(1, 0.1, 0.01, None)], columns=list(TRAINING_LOG)), TRAINING_LOG)
    assert (tmp_path / "t.csv").read_text() == "step,loss,learning_rate,validation_loss\n1,0.1,0.01,\n"
    assert read_table(tmp_path / "t.csv", TRAINING_LOG).loss[0] == 0.1
    with pytest.raises(DataError, match="expected the columns a, b, got step, loss, learning_rate, validation_loss"):
        read_table(tmp_path / "t.csv", ("a", "b"))
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(DataError, match=r"t\.csv: expected a CSV"):
        read_table(tmp_path / "t.csv", TRAINING_LOG)
    with pytest.raises(DataError, match="found no file"):
        read_table(tmp_path / "none.csv", TRAINING_LOG)


def test_a_mask_is_true_where_it_is_bright(tmp_path):
    values = np.array([[0, 127], [128, 255]], np.uint8)
    Image.fromarray(values).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[False, False], [True, True]]
    (tmp_path / "m.png").write_bytes((tmp_path / "m.png").read_bytes()[:40])
    with pytest.raises(DataError, match=r"m\.png: expected a whole PNG"):
        read_mask(tmp_path / "m.png")
    with pytest.raises(DataError, match=r"n\.png: expected a mask, found no file"):
        read_mask(tmp_path / "n.png")
