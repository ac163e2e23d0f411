"""The Python API: arrays, paths and folders scored, methods loaded and run, intervals, and what an import costs."""

import re
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch
from conftest import METHODS, ROOT
from outside_package import python
from PIL import Image
from scoring.frames import noisy, textured

import pvdbench
from pvdbench import PvdbenchError
from pvdbench.core.errors import DataError, MethodError, ParamsError, StudyError, WeightsError
from pvdbench.io.images import write_frame
from pvdbench.scoring.registry import choices

TRUTH = np.stack([textured((48, 64)), textured((48, 64))[::-1]])
ESTIMATE = np.stack([noisy(frame) for frame in TRUTH])


def folder_of(path, frames):
    path.mkdir(parents=True)
    for t, frame in enumerate(frames):
        write_frame(path / f"{t}.png", np.ascontiguousarray(frame))
    return path


def test_frames_are_scored_as_their_folders_are(tmp_path):
    frames = pvdbench.score_frames(ESTIMATE, TRUTH, ["koehler", "plain-rgb"])
    table = pvdbench.score_folders(
        folder_of(tmp_path / "ours", ESTIMATE), str(folder_of(tmp_path / "sharp", TRUTH)), ["koehler", "plain-rgb"]
    )
    assert list(frames.columns) == ["frame", "protocol", "counted", "psnr_db", "ssim", "shift_y", "shift_x", "gain"]
    assert list(table.columns[:7]) == ["dataset", "method", "task", "video", "frame", "protocol", "counted"]
    assert table["dataset"].eq("sharp").all() and table["method"].eq("ours").all() and len(table) == len(frames) == 4
    for column in ("protocol", "counted", "frame"):
        assert frames[column].astype(str).tolist() == table[column].astype(str).tolist()
    assert frames["counted"].tolist() == [False, True, True, True]
    for metric in ("psnr_db", "ssim", "shift_y", "shift_x", "gain"):
        assert np.allclose(frames[metric], table[metric], atol=5e-7, equal_nan=True)


def test_frames_are_given_as_lists_arrays_single_ones_and_paths(tmp_path):
    whole = pvdbench.score_frames(ESTIMATE, TRUTH, "plain-rgb")
    paths = sorted(folder_of(tmp_path / "ours", ESTIMATE).iterdir())
    for estimate in (list(ESTIMATE), tuple(ESTIMATE), paths, [str(path) for path in paths], [paths[0], ESTIMATE[1]]):
        pd.testing.assert_frame_equal(pvdbench.score_frames(estimate, list(TRUTH), "plain-rgb"), whole)
    for estimate in (ESTIMATE[0], paths[0], str(paths[0])):
        pd.testing.assert_frame_equal(pvdbench.score_frames(estimate, TRUTH[0], "plain-rgb"), whole[:1])


def test_all_protocols_are_those_that_need_two_images_alone():
    table = pvdbench.score_frames(ESTIMATE[0], TRUTH[0], "all")
    assert table["protocol"].tolist() == choices(any_frames=True)


@pytest.mark.parametrize(("data_range", "dtype"), [(1.0, np.float32), (1.0, np.float64), (255.0, np.float32)])
def test_floats_are_scored_as_the_bytes_that_they_round_to(data_range, dtype):
    floats = (ESTIMATE / 255 * data_range).astype(dtype)
    scores = pvdbench.score_frames(floats, TRUTH, "plain-rgb", data_range=data_range)
    pd.testing.assert_frame_equal(scores, pvdbench.score_frames(ESTIMATE, TRUTH, "plain-rgb"))


FLOATS = TRUTH / 255


@pytest.mark.parametrize(
    ("estimate", "data_range", "message"),
    [
        (FLOATS, None, "^estimate 0: floats without their range; set data_range to the largest value possible"),
        (FLOATS, 0.0, "^estimate 0: floats without their range"),
        (FLOATS, float("nan"), "^estimate 0: floats without their range"),
        (FLOATS + 1, 1.0, r"^estimate 0: values from 1(\.\d+)? to .*; clip them to 0 to 1, or correct data_range"),
        ([TRUTH[0], np.full((48, 64, 3), np.nan)], 1.0, "^estimate 1: values from nan to nan; clip them"),
        ([TRUTH[0], TRUTH[1, :, :, 0]], None, r"^estimate 1: shape \(48, 64\); give arrays \(H, W, 3\) in RGB"),
        (TRUTH.astype(np.uint16), None, "^estimate 0: type uint16; give uint8, or floats"),
        (TRUTH[:, :40], None, "^frame 0: the estimate is 64x40, its truth 64x48; give equal sizes"),
        (TRUTH[:1], None, "^there are 1 estimates and 2 truths; give as many of both"),
        (["nowhere.png"] * 2, None, "^nowhere.png: this frame is not there"),
    ],
)
def test_frames_that_cannot_be_scored_are_refused_by_number(estimate, data_range, message):
    with pytest.raises(DataError, match=message):
        pvdbench.score_frames(estimate, TRUTH, data_range=data_range)


def test_frames_come_from_whatever_numpy_takes(tmp_path):
    whole = pvdbench.score_frames(ESTIMATE, TRUTH, "plain-rgb")
    paths = sorted(folder_of(tmp_path / "ours", ESTIMATE).iterdir())
    for estimate in (
        (frame for frame in ESTIMATE),
        torch.from_numpy(ESTIMATE),
        map(Image.open, paths),
        np.array(paths),
    ):
        pd.testing.assert_frame_equal(pvdbench.score_frames(estimate, TRUTH, "plain-rgb"), whole)
    single = pvdbench.score_frames(Image.open(paths[0]), TRUTH[0], (name for name in ["plain-rgb"]))
    pd.testing.assert_frame_equal(single, whole[:1])
    method = pvdbench.load_method("input")
    for frames in ((frame for frame in ESTIMATE), torch.from_numpy(ESTIMATE), paths, [str(path) for path in paths]):
        assert np.array_equal(method.deblur(frames), ESTIMATE)
    floats = (ESTIMATE / 255).astype(">f8")
    assert np.allclose(method.deblur(floats), floats) and np.array_equal(method.deblur(ESTIMATE[0])[0], ESTIMATE[0])


WRONG = [
    lambda: pvdbench.score_frames(None, TRUTH),
    lambda: pvdbench.score_frames(TRUTH[..., 0], TRUTH),
    lambda: pvdbench.score_frames(TRUTH[:, :0] / 255, TRUTH[:, :0] / 255, data_range=1),
    lambda: pvdbench.score_frames(FLOATS, FLOATS, data_range="1"),
    lambda: pvdbench.score_frames(FLOATS, FLOATS, data_range=np.inf),
    lambda: pvdbench.score_frames(FLOATS, FLOATS, data_range=np.ones(2)),
    lambda: pvdbench.score_frames(["a" * 5000], TRUTH[:1]),
    lambda: pvdbench.score_frames(["a\nb"], TRUTH[:1]),
    lambda: pvdbench.score_frames(TRUTH, TRUTH, "x" * 500),
    lambda: pvdbench.score_frames(TRUTH, TRUTH, "a\nb"),
    lambda: pvdbench.score_frames(TRUTH, TRUTH, None),
    lambda: pvdbench.score_frames(TRUTH, TRUTH, []),
    lambda: pvdbench.score_frames(TRUTH, TRUTH, [["koehler"]]),
    lambda: pvdbench.score_folders(None, "truth"),
    lambda: pvdbench.score_folders("a" * 5000, "truth"),
    lambda: pvdbench.score_folders("a", "b", frame_offset="1"),
    lambda: pvdbench.score_folders("a", "b", jobs=0),
    lambda: pvdbench.confidence_interval(["x", "y"], ["a", "b"]),
    lambda: pvdbench.confidence_interval(["1", "2"], ["a", "b"]),
    lambda: pvdbench.confidence_interval([1.0, np.nan], ["a", "b"]),
    lambda: pvdbench.confidence_interval(np.ones((2, 2)), ["a", "b"]),
    lambda: pvdbench.confidence_interval([1.0, 2.0], ["a", None]),
    lambda: pvdbench.confidence_interval([1.0, 2.0], [["a"], ["b"]]),
    lambda: pvdbench.confidence_interval([], []),
    lambda: pvdbench.confidence_interval(1, "a"),
    lambda: pvdbench.read_scores(None),
    lambda: pvdbench.read_scores("a" * 5000),
    lambda: pvdbench.load_study(3),
    lambda: pvdbench.load_method(None),
    lambda: pvdbench.load_method("tvl1", options=["warps"]),
    lambda: pvdbench.load_method("tvl1", options={"x" * 500: 1}),
    lambda: pvdbench.load_method("input", device="nowhere"),
    lambda: pvdbench.load_method("pvdnet", weights=3),
    lambda: pvdbench.load_method("input").deblur(None),
    lambda: pvdbench.load_method("input").deblur([None]),
    lambda: pvdbench.load_method("input").deblur(TRUTH[:, :0]),
    lambda: pvdbench.load_method("input").deblur(TRUTH[..., 0]),
    lambda: pvdbench.estimate_flow(None, TRUTH[0]),
    lambda: pvdbench.estimate_flow(TRUTH[0, :1, :1], TRUTH[0, :1, :1]),  # scikit-image raises ValueError
]


@pytest.mark.parametrize("call", WRONG)
def test_whatever_is_wrong_is_one_short_line(call):
    with pytest.raises(PvdbenchError) as refused:
        call()
    message = str(refused.value)
    assert len(message) < 300 and message.isprintable(), message


def test_clips_may_be_tuples_or_numbers():
    expected = pvdbench.confidence_interval([1.0, 2.0, 4.0], ["a", "b", "b"])
    for clips in ([("a", 1), ("b", 1), ("b", 1)], [0, 1, 1], pd.Categorical(["a", "b", "b"]), (c for c in "abb")):
        assert pvdbench.confidence_interval((v for v in [1, 2, 4]), clips) == expected


def test_no_frames_and_unknown_protocols_are_refused():
    with pytest.raises(DataError, match="there are 0 estimates and 0 truths"):
        pvdbench.score_frames([], [])
    with pytest.raises(ParamsError, match="unknown protocol 'psnr'; choose from all, koehler, "):
        pvdbench.score_frames(ESTIMATE, TRUTH, "psnr")


def test_an_interval_is_students_t_over_clips_that_are_not_skewed():
    values, clips = np.arange(12.0), [f"clip{i // 3}" for i in range(12)]
    interval = pvdbench.confidence_interval(values, clips)
    own = scipy.stats.ttest_1samp(values.reshape(4, 3).mean(1), 0.0).confidence_interval(0.95)
    assert interval == pytest.approx((values.mean(), own.low, own.high), abs=1e-8)
    assert interval.mean == interval[0] and interval.low < interval.mean < interval.high
    assert pvdbench.confidence_interval(pd.Series(values, index=[0] * 12), pd.Series(clips)) == (
        pvdbench.confidence_interval(list(values), clips)
    )


def test_an_interval_leaves_identical_frames_out_and_needs_two_clips():
    interval = pvdbench.confidence_interval([1.0, 2.0, np.inf], ["a", "b", "b"])
    assert interval.mean == 1.5 and interval.high - 1.5 == pytest.approx(1.5 * 0.5 * 12.7062047, abs=1e-6)
    one = pvdbench.confidence_interval([1.0, 2.0], ["a", "a"])
    assert one.mean == 1.5 and np.isnan(one.low) and np.isnan(one.high)
    with pytest.raises(DataError, match="there are 2 values and 1 clips; give one clip per value"):
        pvdbench.confidence_interval([1.0, 2.0], ["a"])


def test_a_method_that_deblurs():
    method = pvdbench.load_method("input")
    assert repr(method) == "LoadedMethod('input', task='deblur')" and method.parameters == {}
    for frames in (TRUTH, list(TRUTH)):
        assert np.array_equal(method.deblur(frames), TRUTH)
    assert np.array_equal(pvdbench.deblur(list(TRUTH), "input"), TRUTH)
    floats = method.deblur(FLOATS.astype(np.float32))
    assert floats[0].dtype == np.float32 and np.allclose(floats, FLOATS, atol=1e-6)
    with pytest.raises(MethodError, match="input: this method deblurs; load one whose task is motion"):
        method.estimate_flow(*TRUTH)
    with pytest.raises(DataError, match="no frames to deblur"):
        method.deblur([])


def test_a_method_that_estimates_flow():
    truth = textured((48, 64))
    method = pvdbench.load_method("tvl1", options={"warps": 8})
    flow = method.estimate_flow(truth, np.roll(truth, 2, axis=1))
    assert flow.shape == (48, 64, 2) and flow.dtype == np.float32
    assert np.abs(np.median(flow, axis=(0, 1)) - (2, 0)).max() < 0.3
    assert not np.array_equal(flow, pvdbench.estimate_flow(truth, np.roll(truth, 2, axis=1)))  # TV-L1 with its defaults
    with pytest.raises(MethodError, match="tvl1: this method estimates motion; load one whose task is deblur"):
        method.deblur(TRUTH)


def test_a_method_that_cannot_be_loaded(tmp_path):
    with pytest.raises(MethodError, match=r"no method 'nobody' with a method\.yaml is there; choose from bimnet, "):
        pvdbench.load_method("nobody")
    with pytest.raises(ParamsError, match="warp"):
        pvdbench.load_method("tvl1", options={"warp": 1})
    with pytest.raises(WeightsError, match="pvdnet: this method needs a file of weights"):
        pvdbench.load_method("pvdnet")
    with pytest.raises(PvdbenchError, match="choose from none"):
        pvdbench.load_method("input", methods=tmp_path)
    assert pvdbench.load_method("input", methods=str(METHODS)).card.task == "deblur"


def test_a_study_and_its_scores(fake, tmp_path):
    study = pvdbench.load_study(str(ROOT / "studies" / "smoke"))
    assert isinstance(study, pvdbench.Study) and "input" in study.params.deblur
    table = pvdbench.read_scores(fake.root)
    assert {"deblur", "motion"} == set(table["task"]) and {"koehler", "temporal", "endpoint"} <= set(table["protocol"])
    one = table[(table["method"] == "input") & (table["protocol"] == "koehler") & table["counted"]]
    assert len(one) == len(fake.videos) * (len(fake.frames) - 1) and one["psnr_db"].notna().all()
    assert one["blurriness_db"].between(0, 100).all()
    with pytest.raises(DataError, match="holds no scores; run `dvc repro`"):
        pvdbench.read_scores(tmp_path)
    with pytest.raises((ParamsError, StudyError)):
        pvdbench.load_study(tmp_path)


def test_an_import_alone_is_light_and_a_star_brings_every_name():
    light = python("import sys, pvdbench; dir(pvdbench); print({'torch', 'pandas', 'scipy'} & {*sys.modules})")
    assert light.stdout.strip() == "set()", light.stderr
    star = python(f"from pvdbench import *; print(set({pvdbench.__all__}) - {{*globals()}})")
    assert star.stdout.strip() == "set()", star.stderr
    with pytest.raises(AttributeError, match="module 'pvdbench' has no attribute 'nothing'"):
        _ = pvdbench.nothing


def test_every_name_is_documented_and_the_wheel_says_that_it_is_typed(tmp_path):
    reference = (ROOT / "docs" / "reference.md").read_text()
    for name in pvdbench.__all__:
        assert re.search(rf"^::: pvdbench\.[\w.]+\.{name}$", reference, re.MULTILINE), name
        assert getattr(pvdbench, name).__doc__
    source = tmp_path / "source"
    ignore = ["git", "-C", str(ROOT), "ls-files", "-z", "pvdbench", "pyproject.toml", "README.md", "LICENSE"]
    for file in subprocess.run(ignore, check=True, capture_output=True, text=True).stdout.strip("\0").split("\0"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes((ROOT / file).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("pvdbench-*.whl")
    files = zipfile.ZipFile(wheel).namelist()
    assert {"pvdbench/py.typed", "pvdbench/api.py", "pvdbench/report/templates/index.html.j2"} <= set(files)
