"""Archives that nobody should trust, and an extraction stopped anywhere."""

import multiprocessing
import os
import shutil
import signal
import stat
import time
import zlib
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.core.errors import DataError, WriteError
from pvdbench.datasets.catalogue import Source
from pvdbench.datasets.download.extract import LARGEST_FRAME, extract

SOURCE = Source(what="w", archive="a", folders=["set"], kinds=["input", "GT"], splits="splits.csv")
FRAME = "set/video/input/00000.jpg"


def make_archive(path, members, compression=0):
    """A zip of {name: bytes}; a name may be a ZipInfo."""
    with ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refusal(archive, out, error=DataError):
    with pytest.raises(error) as refused:
        extract(archive, SOURCE, out)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_frames_alone_are_taken_from_wherever_the_archive_holds_the_data_set(tmp_path):
    members = {
        "Dataset v1/set/video/input/00000.jpg": b"one",
        "Dataset v1/set/video/GT/00000.JPG": b"two",
        "Dataset v1/set/video/other/00000.jpg": b"another kind",
        "Dataset v1/set/video/input/readme.txt": b"no frame",
        "__MACOSX/set/video/input/._00000.jpg": b"no frame",
        "elsewhere/video/input/00000.jpg": b"another data set",
    }
    extracted = extract(make_archive(tmp_path / "a.zip", members), SOURCE, tmp_path / "out")
    files = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in tmp_path.rglob("out/**/*.*")}
    assert files == {"set/video/input/00000.jpg": b"one", "set/video/GT/00000.JPG": b"two"}
    assert (extracted.frames, extracted.bytes, extracted.written) == (2, 6, 2)


@pytest.mark.parametrize(
    "name", ["/etc/set/v/input/0.jpg", "../set/v/input/0.jpg", "set/v/../../../0.jpg", "set\\..\\..\\0.jpg", "C:/0.jpg"]
)
def test_a_name_that_leads_out_of_the_folder_is_refused_before_anything_is_written(tmp_path, name):
    archive = make_archive(tmp_path / "a.zip", {FRAME: b"x", name: b"evil"})
    assert "leads out of its folder" in refusal(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@given(st.lists(st.sampled_from(["..", "set", "input", "a", ".", "", "C:", "\\", "..\\"]), min_size=1, max_size=7))
def test_no_name_at_all_writes_outside(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("zip")
    archive = make_archive(folder / "a.zip", {FRAME: b"x", "/".join([*parts, "0.jpg"]): b"evil"})
    try:
        extract(archive, SOURCE, folder / "deep" / "out")
    except DataError:
        assert not (folder / "deep").exists()
    outside = [p for p in folder.rglob("*") if p.is_file() and (folder / "deep" / "out") not in p.parents]
    assert outside == [archive]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path, kind):
    link = ZipInfo("set/video/GT/00000.jpg")
    link.external_attr = (kind | 0o777) << 16
    archive = make_archive(tmp_path / "a.zip", {FRAME: b"x", link: b"/etc/passwd"})
    assert "'set/video/GT/00000.jpg' is a link or a device" in refusal(archive, tmp_path / "out")


def test_a_bomb_is_refused_by_its_ratio_and_by_its_largest_frame(tmp_path):
    ratio = make_archive(tmp_path / "a.zip", {FRAME: bytes(10**6)}, ZIP_DEFLATED)
    assert "and all have 1000000, more than" in refusal(ratio, tmp_path / "out")
    large = make_archive(tmp_path / "b.zip", {FRAME: bytes(LARGEST_FRAME + 1)})
    assert f"more than {LARGEST_FRAME} and " in refusal(large, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_member_larger_than_it_declares_is_refused(tmp_path):
    """The directory is made to say 10 bytes of 1,000: the reader stops there and the sum is wrong."""
    archive = make_archive(tmp_path / "a.zip", {FRAME: os.urandom(1000)})
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    archive.write_bytes(content)
    assert "Bad CRC-32" in refusal(archive, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.jpg"))


def test_two_files_for_one_frame_are_refused(tmp_path):
    archive = make_archive(tmp_path / "a.zip", {f"a/{FRAME}": b"x", f"b/{FRAME}": b"y"})
    assert f"two files are for {FRAME}, 'a/{FRAME}' and 'b/{FRAME}'" in refusal(archive, tmp_path / "out")


def test_an_archive_of_something_else_is_named(tmp_path):
    archive = make_archive(tmp_path / "a.zip", {"thesis.pdf": b"x"})
    assert "no frame lies below set in folders input and GT" in refusal(archive, tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 10, 500, 1090])
def test_a_truncated_archive_is_refused(tmp_path, kept):
    archive = make_archive(tmp_path / "a.zip", {FRAME: os.urandom(1000)})
    archive.write_bytes(archive.read_bytes()[:kept])
    assert "this is no whole zip archive (" in refusal(archive, tmp_path / "out")


@pytest.mark.parametrize("compression", [0, ZIP_DEFLATED])
def test_a_corrupt_frame_is_refused_and_leaves_no_file(tmp_path, compression):
    archive = make_archive(tmp_path / "a.zip", {FRAME: os.urandom(1000)}, compression)
    content = bytearray(archive.read_bytes())
    content[300:310] = b"0123456789"
    archive.write_bytes(content)
    assert "this is no whole zip archive (" in refusal(archive, tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_an_encrypted_archive_is_refused(tmp_path):
    archive = make_archive(tmp_path / "a.zip", {FRAME: b"x" * 100})
    content = bytearray(archive.read_bytes())
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    archive.write_bytes(content)
    assert "encrypted" in refusal(archive, tmp_path / "out")


def test_a_disk_too_small_is_named_before_the_first_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 8, 2))
    archive = make_archive(tmp_path / "a.zip", {FRAME: b"x" * 3_000_000})
    assert "this needs 0.003 GB of disk, and 0.000 GB are free" in refusal(archive, tmp_path / "out", WriteError)
    assert not list((tmp_path / "out").iterdir())


def test_a_frame_that_changed_on_disk_is_written_again_and_the_others_stay(tmp_path):
    names = [f"set/video/input/{t:05d}.jpg" for t in range(4)]
    archive = make_archive(tmp_path / "a.zip", {name: name.encode() for name in names})
    extract(archive, SOURCE, tmp_path / "out")
    times = [(tmp_path / "out" / name).stat().st_mtime_ns for name in names]
    (tmp_path / "out" / names[1]).write_bytes(names[2].encode())
    (tmp_path / "out" / names[3]).unlink()
    assert extract(archive, SOURCE, tmp_path / "out").written == 2
    assert [(tmp_path / "out" / name).read_bytes().decode() for name in names] == names
    assert [(tmp_path / "out" / names[t]).stat().st_mtime_ns for t in (0, 2)] == [times[0], times[2]]


def test_an_extraction_killed_five_times_ends_with_the_bytes_of_the_archive(tmp_path):
    members = {f"set/video/input/{t:05d}.jpg": os.urandom(2000) for t in range(3000)}
    archive, out = make_archive(tmp_path / "a.zip", members), tmp_path / "out"
    count = 0
    for _ in range(5):
        process = multiprocessing.get_context("fork").Process(target=extract, args=(archive, SOURCE, out))
        process.start()
        deadline = time.monotonic() + 10
        while len(list(out.rglob("*.jpg"))) <= count and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        before, count = count, len(list(out.rglob("*.jpg")))
        assert before < count < 3000
    assert extract(archive, SOURCE, out).written == 3000 - count
    assert all(zlib.crc32((out / name).read_bytes()) == zlib.crc32(content) for name, content in members.items())
    assert not list(out.rglob("*.partial"))
