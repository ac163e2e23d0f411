"""Steadiness: the warping error and the flow difference, by hand and on clips of known motion."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.color import rgb2gray
from skimage.registration import optical_flow_ilk

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.io.images import read_frame, write_frame
from pvdbench.scoring.dataset import DatasetFrame, ScoredRow, score_row
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.flow import estimate_flow, without_border
from pvdbench.scoring.metrics.lucas_kanade import lucas_kanade_flow
from pvdbench.scoring.protocols.temporal import (
    along_truth,
    flow_difference,
    temporal,
    tof_ilk,
    warping_error_db,
)
from pvdbench.scoring.score_file import read_score_file
from pvdbench.scoring.truth import read_truth, score_truth
from scoring.frames import noisy, textured


def test_the_warping_error_by_hand():
    """One pixel to the left everywhere: each pixel of the frame is 3 brighter than where it came from."""
    before = np.tile(np.arange(0, 60, 5, dtype=np.uint8)[None, :, None], (8, 1, 3))
    frame = (np.roll(before, -1, 1) + 3).astype(np.uint8)
    flow = np.tile(np.float32([1, 0]), (8, 12, 1))
    seen = np.ones((8, 12), bool)
    seen[:, -1] = False
    assert warping_error_db(frame, before, flow, seen) == pytest.approx(20 * math.log10(255 / 3), abs=1e-4)
    assert warping_error_db((frame - 3).astype(np.uint8), before, flow, seen) > 110  # but for float32 coordinates
    assert math.isnan(warping_error_db(frame, before, flow, np.zeros_like(seen)))


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_flow_difference_is_a_distance(x, y):
    flow = np.random.default_rng(0).normal(size=(5, 6, 2)).astype(np.float32)
    assert flow_difference(flow, flow) == 0
    assert flow_difference(flow + np.float32([x, y]), flow) == pytest.approx(math.hypot(x, y), abs=1e-5)


def test_where_the_sharp_video_changes_by_more_than_ten_along_its_flow_it_is_taken_for_occluded():
    """Without motion: 10 more in one corner is noise, 11 more in another something that was not seen before."""
    last = np.full((20, 30, 3), 100, np.uint8)
    now = last.copy()
    now[:5, :5] += 10
    now[10:15, 20:25, 1] += 11

    class Second(FramePair):
        before = FramePair(last, last)
        truth_flow = np.zeros((20, 30, 2), np.float32)

    flow, seen = along_truth(Second(now, now))
    expected = np.ones((20, 30), bool)
    expected[10:15, 20:25] = False
    assert (flow == 0).all() and np.array_equal(seen, expected)


@pytest.mark.parametrize("estimator", [estimate_flow, lucas_kanade_flow])
@pytest.mark.parametrize(("x", "y"), [(2, 0), (0, -1), (-1, 2)])
def test_the_estimators_find_a_shift(estimator, x, y):
    """What is at (0, 0) of the first is at (x, y) of the second."""
    big = textured((100, 120))
    flow = estimator(big[5:95, 5:115], big[5 - y : 95 - y, 5 - x : 115 - x])
    assert flow.dtype == np.float32 and flow.shape == (90, 110, 2)
    assert np.median(flow, (0, 1)) == pytest.approx([x, y], abs=0.1)


def tecogans_tof(sharp, output):
    """tOF of (frame before, frame) twice as the program of Chu et al. has it: in float32, by OpenCV's own kernels."""
    flows = []
    for pair in (sharp, output):
        before, now = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in pair)
        flow = cv2.calcOpticalFlowFarneback(before, now, None, 0.5, 3, 15, 3, 5, 1.2, 0)
        for axis in (0, 1):  # of what is left, the largest multiple of 32, the middle is taken
            length = flow.shape[axis]
            left = max(kept for kept in range(0, length, 32) if kept + 2 * 8 <= length)
            flow = flow.take(np.arange(left) + (length - left) // 2, axis)
        flows.append(flow)
    return np.linalg.norm(flows[0] - flows[1], axis=-1).mean(dtype=np.float32)


def two_of(size):
    """A sharp and a noisy frame of this size, each after the one before it, from which they moved by a pixel."""
    height, width = size
    big = textured((height + 20, width + 20))
    return ([noisy(big[5 + t : 5 + t + height, 5 : 5 + width], seed=t + s, sigma=sigma) for t in (0, 1)]
            for s, sigma in ((0, 1.0), (7, 9.0)))  # fmt: skip


@pytest.mark.parametrize("size", [(90, 110), (48, 48), (112, 79), (81, 145), (143, 144)])
def test_tof_is_tecogans(size):
    sharp, output = two_of(size)

    class Second(FramePair):
        before = FramePair(output[0], sharp[0])

    theirs, ours = tecogans_tof(sharp, output), temporal(Second(output[1], sharp[1]))["tof_px"]
    assert ours == pytest.approx(theirs, rel=1e-5) and theirs > 0.05
    assert abs(tecogans_tof(sharp[::-1], output[::-1]) - ours) > 1e-3 * ours  # the direction tells
    whole = [estimate_flow(*pair) for pair in (output, sharp)]
    assert abs(flow_difference(*whole) - ours) > 1e-3 * ours  # so does the border


@pytest.mark.parametrize("size", [(47, 90), (90, 47), (20, 30)])
def test_tof_of_a_frame_too_small_for_the_border_is_of_the_whole_frame(size):
    """Of fewer than 48 pixels their program leaves nothing to average."""
    sharp, output = two_of(size)

    class Second(FramePair):
        before = FramePair(output[0], sharp[0])

    whole = flow_difference(*(estimate_flow(*pair) for pair in (output, sharp)))
    assert temporal(Second(output[1], sharp[1]))["tof_px"] == whole > 0.05


@pytest.mark.parametrize(
    ("size", "kept"),
    [((720, 1280), (704, 1248)), ((1080, 1920), (1056, 1888)), ((48, 79), (32, 32)), ((80, 81), (64, 64))],
)
def test_the_border_is_of_eight_pixels_or_more_alike_on_both_sides(size, kept):
    inner = without_border(np.indices(size).transpose(1, 2, 0).astype(np.float32))
    assert inner.shape[:2] == kept
    for axis in (0, 1):
        before, after = inner[0, 0, axis], size[axis] - 1 - inner[-1, -1, axis]
        assert before >= 8 and after - before in (0, 1)


def test_without_a_data_set_the_sharp_videos_flow_is_what_the_data_set_would_hold():
    sharp, output = two_of((64, 80))

    class Second(FramePair):
        before = FramePair(output[0], sharp[0])

    class Made(Second):
        truth_flow, truth_flow_from_before = estimate_flow(*sharp[::-1]), estimate_flow(*sharp)

    assert temporal(Second(output[1], sharp[1])) == temporal(Made(output[1], sharp[1]))


def test_flow_does_not_depend_on_opencvs_settings_and_leaves_them():
    big, found = textured((90, 100)), []
    before = cv2.getNumThreads(), cv2.useOptimized()
    try:
        for threads, optimized in ((1, False), (2, True)):
            cv2.setNumThreads(threads)
            cv2.setUseOptimized(optimized)
            found.append(estimate_flow(noisy(big[:-2, :-3], seed=1), noisy(big[2:, 3:], seed=2)).tobytes())
            assert (cv2.getNumThreads(), cv2.useOptimized()) == (threads, optimized)
    finally:
        cv2.setNumThreads(before[0])
        cv2.setUseOptimized(before[1])
    assert found[0] == found[1]


def test_tof_is_the_mean_over_the_image():
    """A flow that is wrong in one corner alone: the mean is a quarter of its error, the maximum all of it."""
    truth = np.zeros((8, 12, 2), np.float32)
    estimate = truth.copy()
    estimate[:4, :6] = (3, 4)
    assert flow_difference(estimate, truth) == pytest.approx(5 / 4)


@pytest.mark.parametrize("size", [(60, 70), (128, 192), (45, 101)])
def test_lucas_kanade_is_scikit_images(size):
    big = textured((size[0] + 10, size[1] + 10))
    target, source = noisy(big[3:-7, 4:-6], seed=1), noisy(big[5:-5, 3:-7], seed=2)
    y, x = optical_flow_ilk(*(rgb2gray(f).astype(np.float32) for f in (target, source)), num_warp=3, dtype=np.float32)
    difference = np.abs(lucas_kanade_flow(target, source) - np.stack((x, y), -1))
    assert np.quantile(difference, 0.999) < 1e-5 and np.abs(x).max() > 0.5


@pytest.fixture
def moving(tmp_path):
    """Four frames that move by a pixel, with nothing known but the frames; and a shaky, noisy copy."""
    big, frames = textured((80, 100)), []
    for t in range(4):
        sharp, estimate = tmp_path / f"sharp{t}.png", tmp_path / "clip" / f"{t}.png"
        estimate.parent.mkdir(exist_ok=True)
        write_frame(sharp, big[4:68, 10 - t : 90 - t])
        write_frame(estimate, noisy(big[4 + t % 2 : 68 + t % 2, 10 - t : 90 - t], seed=t))
        frames.append(FrameFiles(str(t), sharp, sharp, None, None))
    return ClipFiles("clip", tuple(frames)), tmp_path


def steadiness(clip, estimates):
    """Scores of every frame, with the truth's own warping error; those of the first frame are none."""
    row = ScoredRow("d", "m", "deblur", estimates, estimates)
    for number in range(len(clip.frames)):
        frame = DatasetFrame(row, clip, number)
        truths = None
        if frame.before:
            along, seen = along_truth(frame)
            truths = warping_error_db(frame.truth, frame.before.truth, along, seen)
        yield temporal(frame), truths


def test_a_shaky_copy_is_less_steady_than_the_truth(moving):
    clip, estimates = moving
    (first, _), *found = steadiness(clip, estimates)
    assert first == {} and len(found) == 3
    for value, truths in found:
        assert truths > value["warping_error_db"] + 3
        assert value["tof_px"] > 0.5  # a pixel up and down, frame by frame
    with_ilk = [tof_ilk(DatasetFrame(ScoredRow("d", "m", "deblur", estimates, estimates), clip, t)) for t in range(4)]
    assert with_ilk[0] == {}
    for (value, _), ilk in zip(found, with_ilk[1:], strict=True):  # two estimators of one motion
        assert ilk["tof_ilk_px"] == pytest.approx(value["tof_px"], rel=0.3)
    for files in clip.frames:
        (estimates / "clip" / f"{files.name}.png").write_bytes(files.sharp.read_bytes())
    for value, truths in list(steadiness(clip, estimates))[1:]:
        assert value["tof_px"] == 0 and value["warping_error_db"] == truths


def test_true_flow_and_occlusion_are_used(dataset, tmp_path):
    """The fixture's video moves by whole pixels, so along its true flow the truth is perfectly steady."""
    for video in "ab":
        (tmp_path / "f").mkdir(exist_ok=True)
        (tmp_path / "f" / video).symlink_to(dataset / video / "GT")
    row = ScoredRow("tiny", "m", "deblur", dataset, tmp_path / "f")
    score_row(row, tmp_path / "s.csv", protocols=["temporal"])
    score_truth(dataset, tmp_path / "truth", ranking="plain-rgb")
    table, truth = read_score_file(tmp_path / "s.csv"), read_truth(tmp_path / "truth")["warping_error_db"]
    assert table.frame.tolist() == ["00001", "00002", "00003"] * 2
    assert truth.isna().sum() == 2 and (truth.dropna() > 110).all() and (table.tof_px == 0).all()
    clip = read_clips(dataset, "test")[0]
    spoilt = read_frame(clip.frames[1].sharp).copy()
    spoilt[:20] = 0
    (tmp_path / "a").mkdir()
    for files in clip.frames:
        write_frame(tmp_path / "a" / f"{files.name}.png", spoilt if files.name == "00001" else read_frame(files.sharp))
    unseen = np.zeros((48, 64), np.uint8)
    unseen[:20] = 255
    for t in (1, 2):
        Image.fromarray(unseen).save(clip.frames[t].occlusion)  # grey, as the renderer writes it
    errors = [value["warping_error_db"] for value, _ in list(steadiness(clip, tmp_path))[1:]]
    assert min(errors) > 110  # what was spoilt is not seen in both frames


def test_a_missing_frame_is_named(moving):
    clip, estimates = moving
    (estimates / "clip" / "2.png").unlink()
    with pytest.raises(DataError, match=r"clip/2\.png"):
        list(steadiness(clip, estimates))
