"""Numbers of scoring: equality in whole numbers, frames without information, very large and damaged frames."""

import math
import struct
import zlib
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from command import one_line, pvdbench_here
from PIL import Image
from sample_clips import clip, save, view
from score_folder import score

from pvdbench import score_frames
from pvdbench.core.errors import DataError
from pvdbench.io.images import frame_size, read_frame
from pvdbench.io.sources import read_source
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.protocols.koehler import koehler, koehler_subpixel, step_gain, step_shift
from pvdbench.scoring.protocols.rgb import luma_y, plain_rgb
from pvdbench.scoring.protocols.temporal import warping_error_db
from pvdbench.scoring.score_file import read_score_file

ALIGNED = ("koehler", "koehler-subpixel", "su-30", "step-gain", "step-shift")
PLAIN = ("plain-rgb", "eval-py", "luma-y", "crop-4", "matlab-ssim", "step-crop")


def flat(value, height=64, width=80):
    return np.full((height, width, 3), value, np.uint8)


def by_protocol(where, frame):
    table = read_score_file(where / "s.csv")
    return table[table.frame == frame].set_index("protocol")


def lines(run):
    assert run.returncode == 0, run.stderr
    return dict(line.split(": ", 1) for line in run.stdout.splitlines())


def test_case_20_a_frame_larger_than_the_limit_is_one_line(tmp_path):
    for side in ("truth", "ours"):
        clip(tmp_path / side, ["0"])
    (tmp_path / "truth" / "0.png").write_bytes(png(20992, 10496, b""))
    said = "0.png: this is no readable PNG or JPEG (Image size (220332032 pixels) exceeds limit of 89478485 pixels)"
    assert said in one_line(score(tmp_path))
    (tmp_path / "truth" / "0.png").write_bytes(png(10000, 9000, b""))  # which Pillow only warns of
    assert "exceeds limit of 89478485 pixels" in one_line(score(tmp_path))


@pytest.mark.parametrize("width", [10_922, 10_923, 11_009, 12_288, 33_000])
def test_case_20_black_against_white_at_any_width(width):
    pair = FramePair(np.zeros((24, width, 3), np.uint8), np.full((24, width, 3), 255, np.uint8))
    assert pair.rgb_psnr() == 0 and pair.cropped_rgb_psnr() == 0


def test_case_20_every_protocol_and_no_sign_before_zero(tmp_path):
    save(tmp_path / "truth/0.png", np.full((43, 12_288, 3), 255, np.uint8))
    save(tmp_path / "ours/0.png", np.zeros((43, 12_288, 3), np.uint8))
    run = score(tmp_path, protocols=("plain-rgb", "luma-y", "step-crop", "step-shift"))
    assert lines(run)["plain-rgb"].startswith("0.00 dB (per clip 0.00 dB)")
    assert lines(run)["step-shift"] == "no average over 1 frame: 1 frame without information (truth of one colour)"
    assert by_protocol(tmp_path, "0").psnr_db.round(2).to_dict() == {
        "plain-rgb": 0, "luma-y": 1.32, "step-crop": 0, "step-shift": 0,
    }  # fmt: skip


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, *between, after=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(between) + chunk(b"IDAT", zlib.compress(rows))
            + after + chunk(b"IEND", b""))  # fmt: skip


ROWS = bytes(4 * 13)  # of 4 x 4 black pixels


@pytest.mark.parametrize("options", [{}, {"compress_level": 0}, {"compress_level": 9}])
def test_case_21_one_flipped_byte_of_a_png_is_always_refused(tmp_path, options):
    whole, path = bytearray(save(tmp_path / "whole.png", view(0, 16, 20), **options).read_bytes()), tmp_path / "bad.png"
    assert np.array_equal(read_frame(tmp_path / "whole.png"), view(0, 16, 20))
    for place in range(len(whole)):
        bad = whole.copy()
        bad[place] ^= 1 + place % 255
        path.write_bytes(bad)
        with pytest.raises(DataError, match=r"bad\.png: this is no"):
            read_frame(path)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_case_21_a_file_that_ends_early_is_refused(tmp_path, ending):
    whole, path = save(tmp_path / f"whole.{ending}", view(0, 16, 20)).read_bytes(), tmp_path / f"cut.{ending}"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut\.\w+: this is no"):
            read_frame(path)


def animation():
    file, frames = BytesIO(), [Image.fromarray(view(x, 4, 4)) for x in (0, 40)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


LATE = Image.Exif()
LATE[274] = 6
STRANGE = {
    "rows missing": (png(4, 4, ROWS[:20]), "image file is truncated"),
    "no rows": (png(4, 4, b""), "image file is truncated"),
    "text bomb": (png(4, 4, ROWS, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24)))), "MAX_TEXT_CHUNK"),
    "a transparent colour": (png(4, 4, ROWS, chunk(b"tRNS", bytes(6))), "RGB with a transparent colour"),
    "an animation": (animation(), "an animation of several pictures"),
    "a turn after the pixels": (png(4, 4, ROWS, after=chunk(b"eXIf", LATE.tobytes()[6:])), "orientation comes after"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", "this is no readable PNG or JPEG"),
    "empty": (b"", "this is no readable PNG or JPEG"),
}


@pytest.mark.parametrize(("data", "message"), STRANGE.values(), ids=STRANGE)
def test_what_is_no_frame_under_the_name_of_one_is_refused(tmp_path, data, message):
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_frame(tmp_path / "x.png")


def test_interlaced_frames_and_bytes_after_the_end_are_read(tmp_path):
    (tmp_path / "x.png").write_bytes(png(4, 4, ROWS) + b"more")
    assert read_frame(tmp_path / "x.png").shape == (4, 4, 3)


@pytest.mark.parametrize("orientation", [1, 2, 3, 5, 6, 8, 0, 99])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_frames_are_turned_upright(tmp_path, orientation, ending):
    """Case 15 of still frames: as viewers show them."""
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / f"x.{ending}", view(0), exif=exif)
    turns = {2: np.fliplr, 3: lambda f: f[::-1, ::-1], 5: lambda f: f.transpose(1, 0, 2), 8: np.rot90,
             6: lambda f: np.rot90(f, -1)}  # fmt: skip
    upright = turns.get(orientation, lambda f: f)(np.asarray(Image.open(path)))
    assert np.array_equal(read_frame(path), upright)
    assert frame_size(path) == upright.shape[1::-1]
    assert np.array_equal(read_source(Image.open(path), "frame"), upright)


def test_case_23_su_s_frames_and_the_gain(tmp_path):
    dimmed = {1 + 95 * i // 29 for i in range(30)}
    for t in range(100):
        save(tmp_path / "truth" / "v" / f"{t:05d}.png", view(3 * t))
        estimate = (view(3 * t) * (0.9 if t in dimmed else 1) + 0.5).astype(np.uint8)
        save(tmp_path / "ours" / "v" / f"{t:05d}.png", estimate)
    run = lines(score(tmp_path, protocols=("koehler", "eval-py", "su-30")))
    assert run["koehler"].endswith("over 99 frames; 69 identical left out of the PSNR")
    assert run["eval-py"].endswith("over 100 frames; 70 identical left out of the PSNR")
    assert run["su-30"].endswith("over 30 frames")
    table = pd.read_csv(tmp_path / "s.csv", dtype={"frame": str})
    su = table[(table.protocol == "su-30") & table.counted]
    assert {int(frame) for frame in su.frame} == dimmed and su.gain.between(1.10, 1.12).all()
    assert (su[["shift_y", "shift_x"]] == 0).all(axis=None) and (su.psnr_db > 50).all()
    assert f"{su.psnr_db.mean():.2f} dB" in run["su-30"]  # made from the file alone
    eval_py = table[(table.protocol == "eval-py") & np.isfinite(table.psnr_db)]
    assert len(eval_py) == 30 and eval_py.psnr_db.mean() == pytest.approx(24.73, abs=0.2)


@pytest.mark.parametrize(
    ("truth", "estimate"), [(100, 120), (77, 130), (3, 251), (255, 254), ((90, 60, 30), (60, 40, 20)), (100, 150)]
)
def test_case_24_constant_frames_are_equal_after_a_gain(tmp_path, truth, estimate):
    for t in range(2):
        save(tmp_path / f"truth/{t}.png", flat(truth))
        save(tmp_path / f"ours/{t}.png", flat(estimate))
    run = lines(score(tmp_path, protocols=("all",)))
    rows = by_protocol(tmp_path, "1")
    for name in ALIGNED:
        assert rows.psnr_db[name] == math.inf
        assert rows.gain[name] == pytest.approx(np.max(truth) / np.max(estimate), abs=1e-6)
        assert not rows.counted[name]
    assert (rows.ssim[["koehler", "koehler-subpixel", "su-30"]] == 1).all()
    assert (rows[["shift_y", "shift_x"]].dropna() == 0).all(axis=None)
    assert np.isfinite(rows.psnr_db[list(PLAIN)]).all() and rows.counted[list(PLAIN)].all()
    assert run["koehler"] == "no average over 1 frame: 1 frame without information (truth of one colour)"
    if (truth, estimate) == (100, 120):
        values = rows.loc[["plain-rgb", "eval-py", "crop-4", "matlab-ssim"], ["psnr_db", "ssim"]]
        assert values.to_numpy() == pytest.approx(np.array([[22.110204, 0.983611]] * 4), abs=1e-6)
        assert rows.loc["luma-y", ["psnr_db", "ssim"]].tolist() == pytest.approx([23.432125, 0.987988], abs=1e-6)
        assert rows.psnr_db["step-crop"] == pytest.approx(22.110204, abs=1e-6)


@pytest.mark.parametrize("size", [(64, 80), (560, 640)])
@pytest.mark.parametrize("change", [0, 1])
def test_equality_after_the_gain_is_decided_in_whole_numbers(size, change):
    """An estimate of half the truth is equal; one sample off by one is not, and its number is true, not rounding's."""
    half = (view(0, *size)[: size[0], : size[1]] if size[0] <= 128 else np.resize(view(0, 128, 128), (*size, 3))) // 2
    truth, estimate = half * 2, half.copy()
    estimate[30, 31, 0] += change
    pair = FramePair(estimate, truth)
    inner = (slice(16, -16), slice(16, -16))
    z, x = (frame[inner].astype(np.float64) for frame in (estimate, truth))
    gain = (x * z).sum() / (z * z).sum()
    expected = 10 * math.log10(255**2 / np.square(gain * z - x).mean()) if change else math.inf
    for score_one in (step_gain, step_shift):
        assert score_one(pair)["psnr_db"] == pytest.approx(expected, abs=1e-6)
    luma = (gain * z - x) @ np.array([0.299, 0.587, 0.114])
    expected = 10 * math.log10(255**2 / np.square(luma).mean()) if change else math.inf
    for score_one in (koehler, koehler_subpixel):
        assert score_one(pair)["psnr_db"] == pytest.approx(expected, abs=1e-4)


def test_stripes_that_a_part_of_a_pixel_does_not_change_are_equal():
    stripes = np.repeat(view(0, 64, 1), 80, axis=1)
    assert koehler_subpixel(FramePair(stripes // 2, stripes // 2 * 2))["psnr_db"] == math.inf


def test_luma_that_other_colours_share_is_equal():
    """65.481 R + 128.553 G + 24.966 B in whole thousandths: what is one off is not equal."""
    one, two = flat((1, 2, 3)), flat((1, 2, 4))
    assert luma_y(FramePair(one, one))["psnr_db"] == math.inf and luma_y(FramePair(one, two))["psnr_db"] < 70


def test_a_title_card_that_is_warped_is_equal():
    flow = np.full((32, 32, 2), 0.3, np.float32)
    seen = np.zeros((32, 32), bool)
    seen[4:-4, 4:-4] = True
    assert warping_error_db(flat(101, 32, 32), flat(101, 32, 32), flow, seen) == math.inf
    assert warping_error_db(flat(101, 32, 32), flat(102, 32, 32), flow, seen) == pytest.approx(48.13, abs=0.01)


def test_case_25_black_frames(tmp_path):
    for side in ("truth", "ours"):
        clip(tmp_path / side, "012")
        save(tmp_path / side / "1.png", np.zeros((48, 64, 3), np.uint8))
    save(tmp_path / "ours/0.png", view(1))
    save(tmp_path / "ours/2.png", view(7))
    run = score(tmp_path, protocols=("all",))
    rows = by_protocol(tmp_path, "1")
    assert (rows.psnr_db == math.inf).all() and (rows.gain.dropna() == 1).all() and not rows.psnr_db.isna().any()
    assert [line for line in run.stderr.splitlines() if "lpips" not in line] == []
    for name, line in lines(run).items():
        frames = 2 if name.startswith("koehler") else 3
        what = f"over {frames} frames; 1 identical left out of the PSNR"
        assert line.endswith("identical over 1 frame" if name == "su-30" else what), line
    for name in {*ALIGNED, *PLAIN} - {"su-30"}:  # the averages are those of the file
        table = read_score_file(tmp_path / "s.csv")
        counted = table[(table.protocol == name) & table.counted & np.isfinite(table.psnr_db)]
        assert f"{counted.psnr_db.mean():.2f} dB" in lines(run)[name]


@pytest.mark.parametrize("card", [0, 16, 255])
def test_a_truth_that_tells_nothing_is_in_no_average(tmp_path, card):
    """Black, or another card, against a textured estimate: the gain is 0, or what it leaves is no sharpness."""
    for side in ("truth", "ours"):
        clip(tmp_path / side, "0123")
    for t in (1, 3):
        save(tmp_path / f"ours/{t}.png", view(3 * t + 1))
    save(tmp_path / "truth/2.png", flat(card, 48, 64))
    run = lines(score(tmp_path, protocols=("koehler", "step-gain", "plain-rgb")))
    table = read_score_file(tmp_path / "s.csv")
    koehlers = table[table.protocol == "koehler"]
    assert koehlers.counted.tolist() == [False, True, False, True]
    assert (koehlers.psnr_db[koehlers.frame == "2"] == math.inf).all() == (card == 0)
    value = koehlers.psnr_db[koehlers.counted].mean()
    assert run["koehler"].startswith(f"{value:.2f} dB")
    assert run["koehler"].endswith("over 3 frames; 1 frame without information (truth of one colour) left out")
    assert "1 identical left out of the PSNR; 1 frame without information" in run["step-gain"]
    assert table.counted[table.protocol == "plain-rgb"].all() and "without information" not in run["plain-rgb"]


def test_a_card_counts_alike_for_every_estimate(tmp_path):
    counted = []
    for name, values in (("same", 50), ("near", 51)):
        clip(tmp_path / name / "truth", "012")
        clip(tmp_path / name / "ours", "012")
        save(tmp_path / name / "truth/1.png", flat(50, 48, 64))
        save(tmp_path / name / "ours/1.png", flat(values, 48, 64))
        score(tmp_path / name, protocols=("koehler",))
        counted.append(read_score_file(tmp_path / name / "s.csv").counted.tolist())
    assert counted == [[False, False, True]] * 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--protocol", "lpips", "--out", "s.csv"), "lpips: skipped: needs lpips-alex.safetensors"),
        (("--out", "truth/0.png"), "truth/0.png: scores are written as CSV; name a file that ends in .csv"),
        (("--out", "scores"), "scores: scores are written as CSV"),
    ],
)
def test_what_would_write_nothing_or_over_a_frame_is_refused(tmp_path, words, message):
    for side in ("truth", "ours"):
        clip(tmp_path / side, ["0"])
    before = (tmp_path / "truth/0.png").read_bytes()
    run = pvdbench_here("score", "folder", "--truth", "truth", "--estimate", "ours", *words, cwd=tmp_path)
    assert message in one_line(run) and (tmp_path / "truth/0.png").read_bytes() == before


def test_floats_of_two_ranges_are_refused():
    """An estimate in 0 to 255 against a truth in 0 to 1, which would count as black."""
    of_one = view(0) / 255
    for frames in ((of_one * 255, of_one), (of_one, of_one * 255), (of_one, of_one)):
        with pytest.raises(DataError, match="they seem to be of 0 to 1"):
            score_frames(*frames, "plain-rgb", data_range=255)
    dark = np.minimum(view(0), 1).astype(np.float32)  # whole numbers
    assert score_frames(dark, dark, "plain-rgb", data_range=255).psnr_db.tolist() == [math.inf]


def test_case_24_plain_protocols_by_hand():
    assert plain_rgb(FramePair(flat(120), flat(100)))["psnr_db"] == pytest.approx(22.11020370, abs=1e-8)
