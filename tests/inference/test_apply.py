"""A method on whatever a user has: folders, videos and real clips."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from command import one_line, pvdbench
from scoring.frames import textured

from pvdbench.core.errors import DataError, MethodError
from pvdbench.inference.apply import deblur_frames, deblur_source, estimate_flow, write_flow_between
from pvdbench.io.flow import read_flow
from pvdbench.io.images import read_frame, write_frame
from pvdbench.io.video.writing import VideoWriter
from pvdbench.methods.clip import Clip, VideoClip

CLIPS = os.environ.get("PVDBENCH_CLIPS")


class Invert:
    """Looks a frame back and one ahead, and gives the negative of this one."""

    def deblur(self, clip):
        for t in range(len(clip)):
            window = clip.window(t, 1)
            assert torch.equal(window[1], clip[t])
            yield 1 - clip[t]


def gradual(t, size=(34, 46)):
    frame = textured(size)
    frame[:, : 2 + 3 * t] = 250
    return frame


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    for t in range(5):
        write_frame(tmp_path / "in" / f"f{t}.png", gradual(t))
    return tmp_path / "in"


@pytest.fixture
def video(tmp_path):
    """Twenty-five frames without loss."""
    with VideoWriter(tmp_path / "in.mkv", Fraction(25), lossless=True) as writer:
        for t in range(25):
            writer.write(gradual(t % 12))
    return tmp_path / "in.mkv"


def test_a_folder_to_a_folder(folder, tmp_path):
    assert deblur_source(Invert(), folder, tmp_path / "out") == 5
    for t in range(5):
        assert np.array_equal(read_frame(tmp_path / "out" / f"f{t}.png"), 255 - gradual(t))


def test_a_video_is_the_clip_of_its_frames(video):
    clip = VideoClip(video)
    assert len(clip) == 25 and clip.film.rate == 25
    for t in (0, 1, 5, 24, 3, -1):  # back to 3 means decoding again
        expected = torch.from_numpy(gradual((t % 25) % 12)).permute(2, 0, 1).float() / 255
        assert torch.equal(clip[t], expected)
    with pytest.raises(IndexError):
        clip[25]


def test_a_video_to_a_folder_and_to_videos(video, tmp_path):
    deblur_source(Invert(), video, tmp_path / "out")
    assert np.array_equal(read_frame(tmp_path / "out" / "000003.png"), 255 - gradual(3))
    deblur_source(Invert(), video, tmp_path / "out.mkv")
    again = VideoClip(tmp_path / "out.mkv")
    assert len(again) == 25 and again.film.rate == 25
    assert np.array_equal((again[3] * 255).byte().permute(1, 2, 0).numpy(), 255 - gradual(3))
    deblur_source(Invert(), video, tmp_path / "out.mp4")
    lossy = VideoClip(tmp_path / "out.mp4")
    assert (
        len(lossy) == 25 and (lossy[3] * 255 - (255 - torch.from_numpy(gradual(3)).permute(2, 0, 1))).abs().mean() < 12
    )


def test_an_odd_size_repeats_its_last_row_in_mp4_alone(tmp_path):
    for name, expected in (("a.mp4", (3, 34, 46)), ("a.mkv", (3, 33, 45))):
        with VideoWriter(tmp_path / name, Fraction(25), lossless=name == "a.mkv") as writer:
            writer.write(textured((33, 45)))
        assert tuple(VideoClip(tmp_path / name)[0].shape) == expected


def test_memory_stays_flat_over_a_video(tmp_path):
    """What is kept does not grow with the number of frames."""
    with VideoWriter(tmp_path / "long.mkv", Fraction(25), lossless=True) as writer:
        for t in range(60):
            writer.write(gradual(t % 12))
    clip = VideoClip(tmp_path / "long.mkv")
    for t in range(60):
        _ = clip[t]
        assert len(clip._kept) <= 16


class Short(Invert):
    def deblur(self, clip):
        yield clip[0]


def test_bad_input_is_named_and_leaves_what_was_there(folder, tmp_path):
    deblur_source(Invert(), folder, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(MethodError, match="f1: the method yielded 1 of 5 frames; it must yield one per frame"):
        deblur_source(Short(), folder, tmp_path / "out")
    write_frame(folder / "f3.png", textured((30, 46)))
    with pytest.raises(DataError, match=r"f3\.png: 46x30, but .*f0\.png is 46x34"):
        deblur_source(Invert(), folder, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no PNG or JPEG frames in this folder"):
        deblur_source(Invert(), tmp_path / "empty", tmp_path / "out")
    (tmp_path / "no.mp4").write_bytes(b"not a video")
    with pytest.raises(DataError, match=r"no\.mp4: this video cannot be read"):
        deblur_source(Invert(), tmp_path / "no.mp4", tmp_path / "out")
    with pytest.raises(DataError, match="no video and no folder of frames is there"):
        deblur_source(Invert(), tmp_path / "gone.mp4", tmp_path / "out")


def test_results_never_replace_what_they_are_not(folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match="this is the input; name another place"):
        deblur_source(Invert(), folder, tmp_path / "other" / ".." / "in")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("...")
    with pytest.raises(DataError, match=r"letters: 'dear\.txt' in it was not written by pvdbench"):
        deblur_source(Invert(), folder, tmp_path / "letters")
    with pytest.raises(DataError, match=r"cannot write '\.avi'; name a folder, or a file ending in \.mp4 or \.mkv"):
        deblur_source(Invert(), folder, tmp_path / "a.avi")
    for out in ("f0.flo", "f1.flo"):  # whose picture would be a frame
        with pytest.raises(DataError, match=r"this is the input; name another place"):
            write_flow_between(Constant(), folder / "f0.png", folder / "f1.png", folder / out)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "letters"]


def test_a_single_frame_is_a_clip(tmp_path):
    (tmp_path / "in").mkdir()
    write_frame(tmp_path / "in" / "a.png", gradual(1))
    assert deblur_source(Invert(), tmp_path / "in", tmp_path / "out") == 1


def test_a_sound_file_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(DataError, match="this file has no video stream"):
        VideoClip(tmp_path / "a.mkv")


class Constant:
    def flow(self, target, source):
        return torch.tensor([1.5, -2.0])[:, None, None].expand(2, *target.shape[1:])


def test_flow_between_two_frames(folder, tmp_path):
    flow = write_flow_between(Constant(), folder / "f0.png", folder / "f1.png", tmp_path / "a.flo")
    assert np.array_equal(read_flow(tmp_path / "a.flo"), flow) and flow.shape == (34, 46, 2)
    assert flow[0, 0].tolist() == [1.5, -2.0]
    write_frame(folder / "f1.png", textured((30, 46)))
    with pytest.raises(DataError, match=r"f1\.png: 46x30, but .*f0\.png is 46x34"):
        write_flow_between(Constant(), folder / "f0.png", folder / "f1.png", tmp_path / "b.flo")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_arrays_are_a_clip_too_and_come_back_as_they_went(dtype):
    scale = 1 if dtype == np.uint8 else 255
    frames = [(gradual(t) / scale).astype(dtype) for t in range(5)]
    outputs = deblur_frames(Invert(), frames)
    assert len(outputs) == 5 and {output.dtype for output in outputs} == {
        np.dtype(np.uint8 if scale == 1 else np.float32)
    }
    for t, output in enumerate(outputs):
        np.testing.assert_allclose(output, (255 - gradual(t).astype(float)) / scale, atol=1e-6)


def test_arrays_and_files_give_the_same_flow(folder, tmp_path):
    written = write_flow_between(Constant(), folder / "f0.png", folder / "f1.png", tmp_path / "a.flo")
    assert np.array_equal(estimate_flow(Constant(), gradual(0), gradual(1)), written)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames to deblur"),
        ([gradual(0), gradual(1)[1:]], r"frame 1: shape \(33, 46, 3\); give arrays"),
        ([gradual(0)[..., 0]], r"frame 0: shape \(34, 46\)"),
        ([gradual(0), gradual(1) / 255], "frame 1: type float64; give all frames as uint8 or all as floats"),
        ([gradual(0).astype(np.int16)], "frame 0: type int16"),
        ([gradual(0).astype(np.float32)], r"frame 0: values from .* to 250; floats must be in \[0, 1\]"),
        ([np.full((4, 4, 3), np.nan)], "frame 0: values from nan to nan"),
    ],
)
def test_arrays_that_are_no_clip_are_refused_by_number(frames, message):
    with pytest.raises(DataError, match=message):
        deblur_frames(Invert(), frames)


def test_an_upper_bound_has_no_truth_to_look_at():
    method = Invert()
    method.upper_bound = True
    with pytest.raises(MethodError, match="frames: this method is an upper bound"):
        deblur_frames(method, [gradual(0)])
    with pytest.raises(MethodError, match="frame 1: the method yielded 1 of 2 frames"):
        deblur_frames(Short(), [gradual(0), gradual(1)])


@pytest.mark.slow
def test_the_commands(folder, tmp_path):
    run = pvdbench("deblur", str(folder), "--method", "input", "--out", str(tmp_path / "o"))
    assert run.returncode == 0 and "5 frames by input" in run.stdout, run.stderr
    assert [f.shape for f in Clip(sorted((tmp_path / "o").glob("*.png")))] == [(3, 34, 46)] * 5
    run = pvdbench(
        "flow", str(folder / "f0.png"), str(folder / "f1.png"), "--method", "tvl1", "--out", str(tmp_path / "a.flo")
    )
    assert run.returncode == 0 and (tmp_path / "a.png").exists() and (tmp_path / "a.flo").exists(), run.stderr
    run = pvdbench("deblur", str(folder), "--method", "pvdnet", "--out", str(tmp_path / "p"))
    assert "pvdnet: this method needs a file of weights; give one with --weights" in one_line(run)
    run = pvdbench("deblur", str(folder), "--method", "tvl1", "--out", str(tmp_path / "p"))
    assert "this method is for 'motion', not for 'deblur'; name another" in one_line(run)


@pytest.mark.skipif(not CLIPS, reason="PVDBENCH_CLIPS names no folder of real clips")
@pytest.mark.parametrize("name", ["max-heromode.mp4", "phone_blurry.mp4"])
def test_real_videos(name):
    clip = VideoClip(Path(CLIPS) / name)
    assert len(clip) > 30 and clip.film.rate > 10
    first, last = clip[0], clip[len(clip) - 1]
    assert first.shape == last.shape and 0.05 < first.mean() < 0.95 and first.std() > 0.02


class Convolve(torch.nn.Module):
    """A blur by a convolution, which autocast reaches."""

    def __init__(self):
        super().__init__()
        self.blur = torch.nn.Conv2d(3, 3, 5, padding=2)

    @torch.inference_mode()
    def deblur(self, clip):
        for t in range(len(clip)):
            yield self.blur(clip[t][None])[0].float().clamp(0, 1)


def test_bfloat16_changes_the_convolutions_and_little_else(folder, tmp_path):
    torch.manual_seed(0)
    method = Convolve()
    for precision in ("float32", "bfloat16"):
        deblur_source(method, folder, tmp_path / precision, precision=precision)
    first, second = (read_frame(tmp_path / kind / "f1.png").astype(int) for kind in ("float32", "bfloat16"))
    assert 1 <= np.abs(first - second).max() <= 4
    assert not torch.is_autocast_enabled("cpu")


def test_the_command_says_what_bfloat16_costs(folder, tmp_path):
    run = pvdbench("deblur", str(folder), "--method", "input", "--out", str(tmp_path / "o"), "--precision", "bfloat16")
    assert (run.returncode, run.stdout.count("5 frames by input")) == (0, 1)
    said = "bfloat16: at least inf dB from float32's result over the first 3 frames"  # a copy has no convolution
    assert said in run.stderr
