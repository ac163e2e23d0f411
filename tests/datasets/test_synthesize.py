import os
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pvdbench.core.errors import DataError, ParamsError
from pvdbench.datasets.add import add_dataset
from pvdbench.datasets.camera_response import power_response, read_response
from pvdbench.datasets.layouts.pairs import PAIRS
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.synthesize import Exposure, frames_between, synthesize
from pvdbench.io.images import read_frame
from pvdbench.io.tables import BLUR, read_table
from pvdbench.io.video.writing import VideoWriter

GAMMA = power_response(2.2)
CLIPS = os.environ.get("PVDBENCH_CLIPS")


def moving(count, size=(32, 48), speed=1, seed=0):
    """A smooth texture that moves right by speed pixels a frame."""
    rng = np.random.default_rng(seed)
    h, w = size
    x = np.arange(w)[None] - speed * np.arange(count)[:, None]
    y = np.arange(h)
    waves = [
        np.sin(0.3 * x[:, None] * f + 0.2 * y[None, :, None] + p) for f, p in zip((0.6, 1), rng.random(2), strict=True)
    ]
    gray = 127 + 60 * sum(waves)
    return np.clip(gray, 0, 255).astype(np.uint8)[..., None].repeat(3, -1)


def write_video(path, frames):
    """FFV1 keeps every byte."""
    with VideoWriter(path, Fraction(240), lossless=True) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def expected_blur(frames, gamma=2.2):
    """The mean in linear light, straight from its definition and in double precision."""
    return np.mean((frames / 255.0) ** gamma, 0) ** (1 / gamma) * 255


@pytest.mark.parametrize(("window", "stride", "count"), [(7, 7, 3), (3, 7, 3), (7, 2, 8), (5, 5, 4)])
def test_blurry_is_the_mean_in_linear_light_and_sharp_the_middle_frame(tmp_path, window, stride, count):
    frames = moving(21, speed=3)
    video = write_video(tmp_path / "a.mkv", frames)
    report = synthesize(video, tmp_path / "out", Exposure(window, stride, 0, 1), GAMMA)
    assert len(report) == count == len(list((tmp_path / "out/blur").iterdir()))
    for i in range(count):
        part = frames[i * stride : i * stride + window]
        blurry = read_frame(tmp_path / f"out/blur/{i:05d}.png")
        assert np.abs(blurry - expected_blur(part)).max() <= 0.51
        assert np.array_equal(read_frame(tmp_path / f"out/sharp/{i:05d}.png"), part[window // 2])


def test_the_report_is_the_psnr_of_the_files(tmp_path):
    video = write_video(tmp_path / "a.mkv", moving(14, speed=4))
    synthesize(video, tmp_path / "out", Exposure(7, 7, 0, 1), GAMMA)
    for row in read_table(tmp_path / "out/blur.csv", BLUR).itertuples():
        pair = [read_frame(tmp_path / f"out/{kind}/{row.frame}.png").astype(float) for kind in ("blur", "sharp")]
        assert row.input_psnr_db == pytest.approx(10 * np.log10(255**2 / np.mean((pair[0] - pair[1]) ** 2)), abs=1e-9)


def test_a_video_at_rest_stays_as_it_is_also_between_frames(tmp_path):
    video = write_video(tmp_path / "a.mkv", moving(7, speed=0))
    report = synthesize(video, tmp_path / "out", Exposure(7, 7, 2, 1), GAMMA)
    assert report["input_psnr_db"].tolist() == [np.inf]


def test_more_motion_is_more_blur(tmp_path):
    psnrs = []
    for speed in (1, 2, 4):
        video = write_video(tmp_path / f"{speed}.mkv", moving(7, speed=speed))
        psnrs += synthesize(video, tmp_path / f"out{speed}", Exposure(7, 7, 0, 1), GAMMA)["input_psnr_db"].tolist()
    assert psnrs == sorted(psnrs, reverse=True)


def test_interpolated_moments_lie_where_the_motion_has_them():
    early, middle, late = moving(3, size=(48, 64), speed=2)
    light = GAMMA.to_linear(early), GAMMA.to_linear(late)
    (made,) = frames_between(early, late, light, 1)
    inner = np.s_[8:-8, 8:-8]
    truth = GAMMA.to_linear(middle)
    error = np.abs(made - truth)[inner].mean()
    blend = np.abs((light[0] + light[1]) / 2 - truth)[inner].mean()
    assert error < 0.2 * blend


def test_interpolation_from_every_second_frame_comes_near_the_blur_of_all(tmp_path):
    frames = moving(13, size=(48, 64), speed=2)
    options = {"all": (frames, 13, 0), "half": (frames[::2], 7, 0), "made": (frames[::2], 7, 1)}
    blurs = {}
    for name, (some, window, between) in options.items():
        video = write_video(tmp_path / f"{name}.mkv", some)
        synthesize(video, tmp_path / name, Exposure(window, window, between, 1), GAMMA)
        blurs[name] = read_frame(tmp_path / name / "blur/00000.png").astype(float)[8:-8, 8:-8]
    error = {name: np.abs(blurs[name] - blurs["all"]).mean() for name in ("half", "made")}
    assert error["made"] < 0.5 * error["half"]


def test_scale_shrinks_by_area(tmp_path):
    frames = moving(3)
    video = write_video(tmp_path / "a.mkv", frames)
    synthesize(video, tmp_path / "out", Exposure(3, 3, 0, 0.5), GAMMA)
    area = frames[1].reshape(16, 2, 24, 2, 3).mean((1, 3))
    assert np.abs(read_frame(tmp_path / "out/sharp/00000.png") - area).max() <= 1


def test_a_response_of_a_file_equals_the_power_it_holds(tmp_path):
    rows = "".join(f"{b},{(b / 255) ** 2.2:.9g}\n" for b in range(256))
    (tmp_path / "crf.csv").write_text("byte,light\n" + rows)
    frame = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.allclose(read_response(tmp_path / "crf.csv").to_linear(frame), GAMMA.to_linear(frame), atol=1e-7)


@given(arrays.arrays(np.uint8, (4, 5, 3)), st.floats(0.5, 3))
def test_to_linear_light_and_back_is_every_byte_itself(frame, gamma):
    response = power_response(gamma)
    assert np.array_equal(response.to_frame(response.to_linear(frame)), frame)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("byte,light\n0,0\n1,1\n", "it has 2 rows, and must have one for each byte from 0 to 255"),
        ("value,light\n", "and should be byte, light; make"),
        ("byte,light\n" + "".join(f"{b},{1 - b / 255}\n" for b in range(256)), "light must rise with byte"),
        ("byte,light\n" + "".join(f"{b},{b}\n" for b in range(256)), "light must rise with byte"),
        ("byte,light\n" + "".join(f"{b},x\n" for b in range(256)), "line 2: light is 'x', and should be a number"),
    ],
)
def test_a_response_that_is_none_is_refused(tmp_path, text, message):
    (tmp_path / "crf.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_response(tmp_path / "crf.csv")


@pytest.mark.parametrize(
    ("exposure", "message"),
    [
        (Exposure(6, 7, 0, 1), "window: 6 is no odd number from 3, .* take 7"),
        (Exposure(1, 7, 0, 1), "window: 1 is no odd number from 3"),
        (Exposure(7, 0, 0, 1), "choose a stride from 1"),
        (Exposure(7, 7, -1, 1), "interpolated frames from 0"),
        (Exposure(7, 7, 0, 1.5), r"a scale in \(0, 1\]"),
    ],
)
def test_an_exposure_that_is_none_is_refused_before_anything_is_read(tmp_path, exposure, message):
    with pytest.raises(ParamsError, match=message):
        synthesize(tmp_path / "missing.mp4", tmp_path / "out", exposure, GAMMA)


def test_videos_too_short_missing_or_broken_are_named_and_leave_nothing(tmp_path):
    short = write_video(tmp_path / "short.mkv", moving(4))
    (tmp_path / "broken.mp4").write_bytes(b"<html>quota exceeded</html>" * 50)
    for path, message in ((short, "it has fewer frames than the 7 of one window"),
                          (tmp_path / "broken.mp4", "this video cannot be read"),
                          (tmp_path / "missing.mp4", "no video and no folder of frames is there")):  # fmt: skip
        with pytest.raises(DataError, match=message):
            synthesize(path, tmp_path / "out", Exposure(7, 7, 0, 1), GAMMA)
    assert not list(tmp_path.glob("out*"))


def test_memory_does_not_grow_with_the_video(tmp_path):
    peaks = []
    for count in (21, 84):
        video = write_video(tmp_path / f"{count}.mkv", moving(count, size=(128, 128)))
        tracemalloc.start()
        synthesize(video, tmp_path / f"out{count}", Exposure(7, 7, 0, 1), GAMMA)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.skipif(not CLIPS, reason="PVDBENCH_CLIPS names no folder of real clips")
def test_a_real_clip_becomes_a_data_set(tmp_path):
    report = synthesize(Path(CLIPS) / "max-heromode.mp4", tmp_path / "own/walk", Exposure(7, 7, 0, 0.25), GAMMA)
    with av.open(str(Path(CLIPS) / "max-heromode.mp4")) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert len(report) == frames // 7 and report["input_psnr_db"].between(15, 50).all()
    (check,) = add_dataset("own", tmp_path / "own", tmp_path / "data/own", PAIRS, jobs=1)
    assert check.own < check.neighbour and check.blurry_detail < check.sharp_detail
    assert len(read_clips(tmp_path / "data/own", "test")[0].frames) == len(report)
