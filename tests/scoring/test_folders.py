"""Any two folders of frames: pairing, the file, the summary, and what bad input says."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.io.images import write_frame
from pvdbench.io.tables import FOLDER_SCORES, read_table
from pvdbench.scoring.folders import score_folders
from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.protocols.koehler import koehler
from pvdbench.scoring.registry import PROTOCOLS
from scoring.frames import noisy, textured

SIZE = (48, 64)


def fill(folder, count=4, start=0, sigma=4.0, size=SIZE):
    folder.mkdir(parents=True, exist_ok=True)
    for t in range(start, start + count):
        frame = textured(size, seed=t)
        write_frame(folder / f"{t:03d}.png", noisy(frame, seed=t, sigma=sigma) if sigma else frame)
    return folder


@pytest.fixture
def folders(tmp_path):
    return fill(tmp_path / "truth", sigma=0), fill(tmp_path / "estimate")


def test_a_row_a_frame_and_protocol(folders, tmp_path):
    truth, estimate = folders
    summaries = score_folders(truth, estimate, tmp_path / "s.csv", protocols=["koehler", "luma-y"])
    table = read_table(tmp_path / "s.csv", FOLDER_SCORES)
    assert table[["frame", "protocol"]].values.tolist() == [
        [f"00{t}", p] for t in range(4) for p in ("koehler", "luma-y")
    ]
    expected = koehler(Pair(noisy(textured(SIZE, seed=2), seed=2), textured(SIZE, seed=2)))
    row = table[(table.frame == "002") & (table.protocol == "koehler")].iloc[0]
    assert [row[key] for key in FOLDER_SCORES[2:]] == pytest.approx(list(vars(expected).values()), abs=1e-12)
    koehlers = table[table.protocol == "koehler"]
    assert summaries[0].counted == 3 and summaries[0].psnr_db == pytest.approx(koehlers.psnr_db[1:].mean())
    assert str(summaries[1]).startswith(f"luma-y: {table[table.protocol == 'luma-y'].psnr_db.mean():.2f} dB")


def test_any_number_of_processes_and_any_order_of_clips_give_the_same_bytes(tmp_path):
    for clip in ("b", "a"):  # the order of making is another than that of names
        fill(tmp_path / "truth" / clip, sigma=0)
        fill(tmp_path / "estimate" / clip, sigma=3 if clip == "a" else 9)
    for jobs in (1, 2):
        score_folders(tmp_path / "truth", tmp_path / "estimate", tmp_path / f"{jobs}.csv", protocols=["all"], jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    (alone,) = score_folders(
        tmp_path / "truth" / "b", tmp_path / "estimate" / "b", tmp_path / "b.csv", protocols=["plain-rgb"]
    )
    whole, b = read_table(tmp_path / "1.csv", FOLDER_SCORES), read_table(tmp_path / "b.csv", FOLDER_SCORES)
    of_b = whole[whole.frame.str.startswith("b/") & (whole.protocol == "plain-rgb")]
    assert of_b.psnr_db.tolist() == b.psnr_db.tolist() and alone.counted == 4


def test_averages_per_frame_and_per_clip_differ_where_clips_do(tmp_path):
    for clip, count, sigma in (("long", 6, 3), ("short", 2, 12)):
        fill(tmp_path / "truth" / clip, count, sigma=0)
        fill(tmp_path / "estimate" / clip, count, sigma=sigma)
    (summary,) = score_folders(tmp_path / "truth", tmp_path / "estimate", tmp_path / "s.csv", protocols=["plain-rgb"])
    table = read_table(tmp_path / "s.csv", FOLDER_SCORES)
    clips = table.groupby(table.frame.str.split("/").str[0]).psnr_db.mean()
    assert summary.psnr_db == pytest.approx(table.psnr_db.mean())
    assert summary.psnr_db_per_clip == pytest.approx(clips.mean())
    assert summary.psnr_db > summary.psnr_db_per_clip + 1


def test_identical_frames_are_infinite_in_the_file_and_counted_apart(folders, tmp_path):
    truth, estimate = folders
    (estimate / "001.png").write_bytes((truth / "001.png").read_bytes())
    (summary,) = score_folders(truth, estimate, tmp_path / "s.csv", protocols=["plain-rgb"])
    table = read_table(tmp_path / "s.csv", FOLDER_SCORES)
    assert table.psnr_db[1] == np.inf and summary.identical == 1
    assert summary.psnr_db == pytest.approx(table.psnr_db.drop(1).mean())
    assert str(summary).endswith("over 4 frames; 1 identical left out of the PSNR")
    (same,) = score_folders(truth, truth, tmp_path / "s.csv", protocols=["koehler"])
    assert str(same) == "koehler: identical over 3 frames"


def test_an_offset_pairs_by_order(folders, tmp_path):
    """The first estimate belongs to the second truth."""
    truth, _ = folders
    late = fill(tmp_path / "late", 3, start=1)
    for number, path in enumerate(sorted(late.iterdir())):
        path.rename(late / f"out{number}.png")
    score_folders(truth, late, tmp_path / "s.csv", protocols=["plain-rgb"], frame_offset=1)
    table = read_table(tmp_path / "s.csv", FOLDER_SCORES)
    assert table.frame.tolist() == ["001", "002", "003"] and (table.psnr_db > 30).all()
    score_folders(truth, late, tmp_path / "s.csv", protocols=["plain-rgb"], frame_offset=-1)
    assert read_table(tmp_path / "s.csv", FOLDER_SCORES).frame.tolist() == ["000", "001"]
    with pytest.raises(DataError, match="an offset of 9 pairs with the 4 of the truth, found none"):
        score_folders(truth, late, tmp_path / "s.csv", protocols=["plain-rgb"], frame_offset=9)


def save(path, mode, size=(64, 48)):
    Image.new(mode, size).save(path)


def save_16_bit_rgb(path):
    """A PNG that Pillow can read and cannot write: built by hand."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(64 * 6) for _ in range(48))
    header = struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: save(f / "002.png", "L"), r"002\.png: expected an image of 8-bit RGB, got 8-bit grey"),
        (lambda f: save(f / "002.png", "RGBA"), r"002\.png: expected an image of 8-bit RGB, got RGB with alpha"),
        (lambda f: save(f / "002.png", "P"), r"002\.png: expected an image of 8-bit RGB, got a palette"),
        (lambda f: save(f / "002.png", "I;16"), r"002\.png: expected an image of 8-bit RGB, got 16-bit grey"),
        (lambda f: save_16_bit_rgb(f / "002.png"), r"002\.png: expected an image of 8-bit RGB, got 16-bit RGB"),
        (lambda f: save(f / "002.png", "RGB", (64, 40)), r"002\.png: expected 64x48 as .*, got 64x40"),
        (
            lambda f: (f / "002.png").unlink(),
            r"truth/002\.png: expected an estimate of the same name in .*estimate, found",
        ),
        (lambda f: fill(f, 1, start=7), r"estimate/007\.png: expected a truth of the same name in .*truth, found none"),
        (
            lambda f: (f / "002.png").write_bytes((f / "002.png").read_bytes()[:500]),
            r"002\.png: expected a whole PNG or JPEG, got a damaged one",
        ),
        (lambda f: [p.unlink() for p in f.iterdir()], r"estimate: expected PNG or JPEG frames, found none"),
        (lambda f: (f / "002.jpg").write_bytes(b""), r"002\.png: expected one file a frame, got 002\.jpg, too"),
        (lambda f: fill(f / "clip"), r"truth/clip: expected frames of 'clip', found none"),
    ],
)
def test_bad_input_stops_by_name_and_leaves_the_old_file(folders, tmp_path, harm, message):
    truth, estimate = folders
    (tmp_path / "s.csv").write_text("before")
    harm(estimate)
    with pytest.raises(DataError, match=message):
        score_folders(truth, estimate, tmp_path / "s.csv", protocols=["koehler"])
    assert (tmp_path / "s.csv").read_text() == "before" and not list(tmp_path.glob("*.partial"))


def test_frames_that_the_crop_leaves_too_small(tmp_path):
    folders = fill(tmp_path / "truth", 2, sigma=0, size=(40, 40)), fill(tmp_path / "estimate", 2, size=(40, 40))
    with pytest.raises(DataError, match="koehler: expected frames of at least 43 pixels a side, got 40x40"):
        score_folders(*folders, tmp_path / "s.csv", protocols=["koehler"])
    assert score_folders(*folders, tmp_path / "s.csv", protocols=["luma-y"])[0].counted == 2


def test_a_black_estimate_is_scored_without_a_gain(folders, tmp_path):
    truth, estimate = folders
    for path in estimate.iterdir():
        write_frame(path, np.zeros((*SIZE, 3), np.uint8))
    score_folders(truth, estimate, tmp_path / "s.csv", protocols=["all"])
    table = read_table(tmp_path / "s.csv", FOLDER_SCORES)
    assert (table.gain == 1).all() and np.isfinite(table.psnr_db).all() and set(table.protocol) == set(PROTOCOLS)


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    peaks = []
    for count in (3, 24):
        folders = fill(tmp_path / f"truth{count}", count, sigma=0), fill(tmp_path / f"estimate{count}", count)
        tracemalloc.start()
        score_folders(*folders, tmp_path / "s.csv", protocols=["koehler", "plain-rgb"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000  # the rows of 21 frames, not their 9 kB pixels' hundreds of moments
