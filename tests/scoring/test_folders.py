"""Any two folders of frames: pairing, the file, the summary, and what bad input says."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from pvdbench.core.errors import DataError
from pvdbench.io.images import write_frame
from pvdbench.scoring.folders import score_folders
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.protocol import PSNR
from pvdbench.scoring.protocols.koehler import koehler
from pvdbench.scoring.registry import choices
from pvdbench.scoring.score_file import read_score_file
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
    _, summaries = score_folders(truth, estimate, tmp_path / "s.csv", protocols=["koehler", "luma-y"])
    table = read_score_file(tmp_path / "s.csv")
    assert table[["frame", "protocol"]].values.tolist() == [
        [f"00{t}", p] for t in range(4) for p in ("koehler", "luma-y")
    ]
    expected = koehler(FramePair(noisy(textured(SIZE, seed=2), seed=2), textured(SIZE, seed=2)))
    row = table[(table.frame == "002") & (table.protocol == "koehler")].iloc[0]
    assert [row[key] for key in expected] == pytest.approx(list(expected.values()), abs=1e-6)  # as written
    koehlers = table[table.protocol == "koehler"]
    assert summaries[0].counted == 3 and summaries[0].means[PSNR].mean == pytest.approx(koehlers.psnr_db[1:].mean())
    assert str(summaries[1]).startswith(f"luma-y: {table[table.protocol == 'luma-y'].psnr_db.mean():.2f} dB")


def test_any_number_of_processes_and_any_order_of_clips_give_the_same_bytes(tmp_path):
    for clip in ("b", "a"):  # the order of making is another than that of names
        fill(tmp_path / "truth" / clip, sigma=0)
        fill(tmp_path / "estimate" / clip, sigma=3 if clip == "a" else 9)
    for jobs in (1, 2):
        score_folders(tmp_path / "truth", tmp_path / "estimate", tmp_path / f"{jobs}.csv", protocols=["all"], jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    _, (alone,) = score_folders(
        tmp_path / "truth" / "b", tmp_path / "estimate" / "b", tmp_path / "b.csv", protocols=["plain-rgb"]
    )
    whole, b = read_score_file(tmp_path / "1.csv"), read_score_file(tmp_path / "b.csv")
    of_b = whole[(whole.video == "b") & (whole.protocol == "plain-rgb")]
    assert of_b.psnr_db.tolist() == b.psnr_db.tolist() and alone.counted == 4


def test_averages_per_frame_and_per_clip_differ_where_clips_do(tmp_path):
    for clip, count, sigma in (("long", 6, 3), ("short", 2, 12), ("shorter", 1, 24)):
        fill(tmp_path / "truth" / clip, count, sigma=0)
        fill(tmp_path / "estimate" / clip, count, sigma=sigma)
    _, (summary,) = score_folders(
        tmp_path / "truth", tmp_path / "estimate", tmp_path / "s.csv", protocols=["plain-rgb"]
    )
    table = read_score_file(tmp_path / "s.csv")
    clips = table.groupby("video").psnr_db.mean()
    assert summary.means[PSNR].mean == pytest.approx(table.psnr_db.mean())
    assert summary.means[PSNR].per_clip == pytest.approx(clips.mean())
    assert summary.means[PSNR].mean > summary.means[PSNR].per_clip + 1


def test_identical_frames_are_infinite_in_the_file_and_counted_apart(folders, tmp_path):
    truth, estimate = folders
    (estimate / "001.png").write_bytes((truth / "001.png").read_bytes())
    _, (summary,) = score_folders(truth, estimate, tmp_path / "s.csv", protocols=["plain-rgb"])
    table = read_score_file(tmp_path / "s.csv")
    assert table.psnr_db[1] == np.inf and summary.means[PSNR].identical == 1
    assert summary.means[PSNR].mean == pytest.approx(table.psnr_db.drop(1).mean())
    assert str(summary).endswith("over 4 frames; 1 identical left out of the PSNR")
    _, (same,) = score_folders(truth, truth, tmp_path / "s.csv", protocols=["koehler"])
    assert str(same) == "koehler: identical over 3 frames"


def test_an_offset_pairs_by_order(folders, tmp_path):
    """The first estimate belongs to the second truth."""
    truth, _ = folders
    late = fill(tmp_path / "late", 3, start=1)
    for number, path in enumerate(sorted(late.iterdir())):
        path.rename(late / f"out{number}.png")
    score_folders(truth, late, tmp_path / "s.csv", protocols=["plain-rgb"], frame_offset=1)
    table = read_score_file(tmp_path / "s.csv")
    assert table.frame.tolist() == ["001", "002", "003"] and (table.psnr_db > 30).all()
    score_folders(truth, late, tmp_path / "s.csv", protocols=["plain-rgb"], frame_offset=-1)
    assert read_score_file(tmp_path / "s.csv").frame.tolist() == ["000", "001"]
    for offset, counted in ((1, [True, True, True]), (0, [False, True, True])):  # frames are numbered as in the truth
        score_folders(truth, late, tmp_path / "s.csv", protocols=["koehler"], frame_offset=offset)
        assert read_score_file(tmp_path / "s.csv").counted.tolist() == counted
    with pytest.raises(DataError, match="an offset of 9 pairs none of these frames with the 4 of the truth"):
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
        (lambda f: save(f / "002.png", "L"), r"002\.png: this image is 8-bit grey, and frames are 8-bit RGB"),
        (lambda f: save(f / "002.png", "RGBA"), r"002\.png: this image is RGB with alpha, and frames are 8-bit RGB"),
        (lambda f: save(f / "002.png", "P"), r"002\.png: this image is a palette, and frames are 8-bit RGB"),
        (lambda f: save(f / "002.png", "I;16"), r"002\.png: this image is 16-bit grey, and frames are 8-bit RGB"),
        (lambda f: save_16_bit_rgb(f / "002.png"), r"002\.png: this image is 16-bit RGB, and frames are 8-bit RGB"),
        (lambda f: save(f / "002.png", "RGB", (64, 40)), r"002\.png is 64x40, but .* is 64x48"),
        (
            lambda f: (f / "002.png").unlink(),
            r"truth/002\.png has no estimate of its name in .*estimate;",
        ),
        (lambda f: fill(f, 1, start=7), r"estimate/007\.png has no truth of its name in .*truth;"),
        (
            lambda f: (f / "002.png").write_bytes((f / "002.png").read_bytes()[:500]),
            r"002\.png: this is no readable PNG or JPEG",
        ),
        (lambda f: [p.unlink() for p in f.iterdir()], r"estimate holds no PNG or JPEG frames"),
        (lambda f: (f / "002.jpg").write_bytes(b""), r"002\.png: there is 002\.jpg, too; keep one file per frame"),
        (lambda f: fill(f / "clip"), r"truth has no frames of the clip 'clip'"),
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
    with pytest.raises(DataError, match="koehler needs frames of at least 43 pixels per side, these have 40x40"):
        score_folders(*folders, tmp_path / "s.csv", protocols=["koehler"])
    assert score_folders(*folders, tmp_path / "s.csv", protocols=["luma-y"])[1][0].counted == 2


def test_a_black_estimate_is_scored_without_a_gain(folders, tmp_path):
    truth, estimate = folders
    for path in estimate.iterdir():
        write_frame(path, np.zeros((*SIZE, 3), np.uint8))
    score_folders(truth, estimate, tmp_path / "s.csv", protocols=["all"])
    table = read_score_file(tmp_path / "s.csv")
    assert (table.gain.dropna() == 1).all() and table.gain.notna().any() and np.isfinite(table.psnr_db).all()
    assert set(table.protocol) == set(choices(any_frames=True))


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    peaks = []
    for count in (3, 24):
        folders = fill(tmp_path / f"truth{count}", count, sigma=0), fill(tmp_path / f"estimate{count}", count)
        tracemalloc.start()
        score_folders(*folders, tmp_path / "s.csv", protocols=["koehler", "plain-rgb"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000  # the rows of 21 frames, not their 9 kB pixels' hundreds of moments
