import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image, PngImagePlugin

from pvdbench.core.errors import DataError
from pvdbench.io.flow import read_flow, write_flow
from pvdbench.io.images import frame_size, read_frame, read_mask, to_bytes, write_frame, write_mask
from pvdbench.io.tables import TRAINING_LOG, read_table, write_table

NOISE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def test_png_keeps_every_byte(tmp_path):
    write_frame(tmp_path / "f.png", NOISE)
    np.testing.assert_array_equal(read_frame(tmp_path / "f.png"), NOISE)
    assert frame_size(tmp_path / "f.png") == (7, 5)


def test_a_gray_file_is_no_frame(tmp_path):
    Image.fromarray(NOISE[..., 0]).save(tmp_path / "g.png")
    with pytest.raises(DataError, match="this image is 8-bit grey, and frames are 8-bit RGB"):
        read_frame(tmp_path / "g.png")


def test_truncated_missing_and_foreign_frames_are_named(tmp_path):
    path = tmp_path / "f.png"
    write_frame(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"f\.png: this is no readable PNG or JPEG"):
        read_frame(path)
    with pytest.raises(DataError, match=r"none\.png: this frame is not there"):
        read_frame(tmp_path / "none.png")
    path.write_text("<html>")
    with pytest.raises(DataError, match=r"f\.png: this is no readable PNG or JPEG"):
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
    with pytest.raises(DataError, match=r"a\.flo: its header says 4x3, which does not suit its 107 bytes"):
        read_flow(tmp_path / "a.flo")
    (tmp_path / "b.flo").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="starts with PIEH"):
        read_flow(tmp_path / "b.flo")
    with pytest.raises(DataError, match="this flow is not there"):
        read_flow(tmp_path / "c.flo")


def test_tables_are_strict_about_columns(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame([(1, 0.1, 0.01, None)], columns=list(TRAINING_LOG)), TRAINING_LOG)
    assert (tmp_path / "t.csv").read_text() == "step,loss,learning_rate,validation_loss\n1,0.1,0.01,\n"
    assert read_table(tmp_path / "t.csv", TRAINING_LOG).loss[0] == 0.1
    with pytest.raises(
        DataError, match="its columns are step, loss, learning_rate, validation_loss, and should be a, b; make"
    ):
        read_table(tmp_path / "t.csv", ("a", "b"))
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(DataError, match=r"t\.csv: this is no CSV"):
        read_table(tmp_path / "t.csv", TRAINING_LOG)
    with pytest.raises(DataError, match="there is no such table"):
        read_table(tmp_path / "none.csv", TRAINING_LOG)


def test_a_mask_is_true_where_it_is_bright(tmp_path):
    values = np.array([[0, 127], [128, 255]], np.uint8)
    Image.fromarray(values).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[False, False], [True, True]]
    (tmp_path / "m.png").write_bytes((tmp_path / "m.png").read_bytes()[:40])
    with pytest.raises(DataError, match=r"m\.png: this is no readable PNG"):
        read_mask(tmp_path / "m.png")
    with pytest.raises(DataError, match=r"n\.png: this mask is not there"):
        read_mask(tmp_path / "n.png")


def test_what_pillow_refuses_is_a_line(tmp_path):
    path = tmp_path / "f.png"
    write_frame(path, NOISE)
    header = b"IHDR" + struct.pack(">II", 10_000, 9_000) + path.read_bytes()[24:29]
    path.write_bytes(path.read_bytes()[:12] + header + struct.pack(">I", zlib.crc32(header)) + path.read_bytes()[33:])
    for read in (read_frame, read_mask, frame_size):
        with pytest.raises(
            DataError, match=r"f\.png: this is no readable PNG.* \(Image size \(90000000 pixels\) exceeds limit"
        ):
            read(path)
        with pytest.raises(DataError, match=r"this is no readable PNG.* \(no file can have this name\)"):
            read(tmp_path / "a\0b.png")
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 2_000_000, zip=True)
    Image.fromarray(NOISE).save(path, pnginfo=text)
    with pytest.raises(DataError, match=r"f\.png: this is no readable PNG or JPEG \(Decompressed data too large"):
        read_frame(path)


def test_a_file_of_another_format_is_not_handed_to_another_program(tmp_path, monkeypatch):
    (tmp_path / "f.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"f\.png: this is no readable PNG or JPEG \(cannot identify image file"):
        read_frame(tmp_path / "f.png")


@pytest.mark.parametrize("size", [(-1, -1), (-1, 3), (0, 0), (2**31 - 1, 2**31 - 1)])
def test_flow_of_impossible_sizes_is_named(tmp_path, size):
    (tmp_path / "a.flo").write_bytes(b"PIEH" + np.array(size, "<i4").tobytes() + b"\0" * 8)
    with pytest.raises(DataError, match=r"a\.flo: its header says .*, which does not suit its 20 bytes"):
        read_flow(tmp_path / "a.flo")


def test_a_folder_is_no_flow_and_no_table(tmp_path):
    with pytest.raises(DataError, match=r"this flow cannot be read \(Is a directory\)"):
        read_flow(tmp_path)
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_table(tmp_path, TRAINING_LOG)


def test_a_damaged_mask_is_refused_at_any_byte(tmp_path):
    write_mask(tmp_path / "m.png", np.eye(9, dtype=bool))
    whole = (tmp_path / "m.png").read_bytes()
    for at in range(len(whole)):
        (tmp_path / "m.png").write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with pytest.raises(DataError, match=r"m\.png: this is no readable PNG"):
            read_mask(tmp_path / "m.png")
