import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from pvdbench.core.errors import DataError
from pvdbench.datasets.layouts.registry import find_layout
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.verify import check_rows, read_splits, verify_dataset, write_manifest
from pvdbench.datasets.video_check import VideoJob, check_video
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, SPLITS, read_table

from .film import film

FRAMES = 5


def miniature(tmp_path, dataset):
    """A data set of three videos in its authors' layout, by the real names' form, and its list."""
    videos = {"su": [("train", "IMG_0001", 0, 5), ("test", "720p_240fps_2", 0, 5), ("test", "tall", 0, 5)],
              "nah": [("train", "GOPR0372_07_00", 47, 6), ("test", "GOPR0384_11_00", 1, 6)],
              "real": [("test", "alley", 1, 5)]}[dataset]  # fmt: skip
    rows = []
    for i, (split, video, first, digits) in enumerate(videos):
        names = [f"{first + t:0{digits}d}" for t in range(FRAMES)]
        rows.append((dataset, split, video, FRAMES, names[0], names[-1], True))
        size = (40, 24) if video == "tall" else (24, 40)
        if dataset == "su":
            base = tmp_path / "data/su/quantitative_datasets" / video
            film(base / "input", base / "GT", names, ending=".jpg", size=size, seed=i)
        elif dataset == "nah":
            base = tmp_path / "data/nah" / split / video
            film(base / "blur_gamma", base / "sharp", names, seed=i)
            film(base / "blur", None, names, seed=i)
        else:
            film(tmp_path / "data/su/qualitative_datasets" / video / "input", None, names, ending=".jpg")
    table = pd.DataFrame(rows, columns=list(SPLITS))
    table.to_csv(tmp_path / "splits.csv", index=False)
    return tmp_path / "data" / ("su" if dataset == "real" else dataset), tmp_path / "splits.csv"


def problems(tmp_path, name, folder, splits):
    with pytest.raises(DataError) as caught:
        write_manifest(verify_dataset(find_layout(name), folder, splits, jobs=1), tmp_path / "data" / name)
    assert not (tmp_path / "data" / name / "manifest.csv").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "split", "videos", "frames"),
    [("su", "train", 61, 5708), ("su", "test", 10, 1000), ("nah", "train", 22, 2103), ("nah", "test", 11, 1111),
     ("real", "test", 23, 2740)],
)  # fmt: skip
def test_the_list_holds_what_the_papers_state(dataset, split, videos, frames):
    listed = [v for v in read_splits(ROOT / "data/splits.csv", dataset).values() if v.split == split]
    assert (len(listed), sum(len(v.frames) for v in listed)) == (videos, frames)


@pytest.mark.parametrize("name", ["su", "nah", "nah-linear"])
def test_a_whole_data_set_gets_the_manifest_that_stages_read(tmp_path, name):
    folder, splits = miniature(tmp_path, name.split("-")[0])
    checks = verify_dataset(find_layout(name), folder, splits, jobs=2)
    write_manifest(checks, tmp_path / "data" / name)
    first = read_clips(tmp_path / "data" / name, "train")[0]
    assert len(first.frames) == FRAMES
    assert all(frame.blurry.resolve().is_relative_to(folder) and frame.sharp.exists() for frame in first.frames)
    assert first.frames[0].blurry.parent.name == {"su": "input", "nah": "blur_gamma", "nah-linear": "blur"}[name]
    assert all(check.own < check.neighbour and check.blurry_detail < check.sharp_detail for check in checks)


def test_equal_folders_give_equal_bytes_for_any_number_of_processes(tmp_path):
    folder, splits = miniature(tmp_path, "su")
    manifests = []
    for jobs in (1, 2):
        write_manifest(verify_dataset(find_layout("su"), folder, splits, jobs=jobs), tmp_path / "data/su")
        manifests.append((tmp_path / "data/su/manifest.csv").read_bytes())
    assert manifests[0] == manifests[1]


def test_real_videos_have_no_truth_and_who_needs_one_is_told(tmp_path):
    folder, splits = miniature(tmp_path, "real")
    write_manifest(verify_dataset(find_layout("real"), folder, splits, jobs=1), tmp_path / "data/real")
    frame = read_clips(tmp_path / "data/real", "test")[0].frames[0]
    assert frame.blurry.exists() and frame.truth is None
    with pytest.raises(DataError, match="this data set has no sharp frames"):
        _ = frame.sharp


@pytest.mark.parametrize(("name", "ending"), [("su", "DVD"), ("nah", "nah")])
def test_pvdnets_repackaged_archives_are_recognised(tmp_path, name, ending):
    folder, splits = miniature(tmp_path, name)
    listed = read_splits(splits, name)
    for video in listed.values():
        old = folder / ("quantitative_datasets" if name == "su" else video.split) / video.video
        (tmp_path / f"packed/inner/{video.split}_{ending}").mkdir(parents=True, exist_ok=True)
        old.rename(tmp_path / f"packed/inner/{video.split}_{ending}" / video.video)
    checks = verify_dataset(find_layout(name), tmp_path / "packed", splits, jobs=1)
    assert {check.job.video for check in checks} == set(listed) and not any(check.problems for check in checks)


def test_portrait_videos_keep_their_orientation(tmp_path):
    folder, splits = miniature(tmp_path, "su")
    checks = verify_dataset(find_layout("su"), folder, splits, jobs=1)
    assert [row[1] for row in check_rows(checks) if row[-1].endswith("portrait")] == ["tall"]
    write_manifest(checks, tmp_path / "data/su")
    table = read_table(tmp_path / "data/su/manifest.csv", MANIFEST)
    assert set(table[table["video"] == "tall"]["height"]) == {40}


def _swap(video):
    (video / "input").rename(video / "x")
    (video / "GT").rename(video / "input")
    (video / "x").rename(video / "GT")


def _shift(video):
    (video / "GT/00000.jpg").unlink()
    for t in range(1, FRAMES):
        (video / f"GT/{t:05d}.jpg").rename(video / f"GT/{t - 1:05d}.jpg")
    (video / f"GT/{FRAMES - 1:05d}.jpg").write_bytes((video / f"GT/{FRAMES - 2:05d}.jpg").read_bytes())


def _cut(video):
    path = video / "GT/00002.jpg"
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda v: (v / "GT/00002.jpg").unlink(), "00000 to 00004; 1 of 5 are missing, 00002 the first"),
        (
            lambda v: (v / "input/00004.jpg").unlink(),
            "input: this folder must hold the frames 00000 to 00004; 1 of 5 are missing",
        ),
        (lambda v: (v / "input/00005.jpg").write_bytes(b""), "00000 to 00004, and holds 00005, too"),
        (lambda v: (v / "GT/00001.png").write_bytes(b""), "00001.png: there is 00001.jpg, too"),
        (
            lambda v: write_frame(v / "GT/00003.jpg", np.zeros((24, 38, 3), np.uint8)),
            r"00003\.jpg: this frame is of 38x24, .* of 40x24; all",
        ),
        (lambda v: (v / "GT/00003.jpg").write_bytes(b"<html>"), r"00003\.jpg: this is no readable PNG or JPEG"),
        (_cut, r"00002\.jpg: this is no readable PNG or JPEG"),
        (_swap, "blurry and sharp seem swapped"),
        (_shift, "the frames are shifted"),
        (lambda v: v.rename(v.with_name("IMG_9999")), "1 of 3 videos are missing: IMG_0001; fetch"),
        (lambda v: (v.parent / "extra").mkdir(), "the list of 3 videos does not have extra; remove"),
    ],
)
def test_what_is_wrong_is_named_and_no_manifest_written(tmp_path, harm, message):
    folder, splits = miniature(tmp_path, "su")
    harm(folder / "quantitative_datasets/IMG_0001")
    text = problems(tmp_path, "su", folder, splits)
    assert re.search(message, text), text


def test_a_video_in_the_other_split_is_named(tmp_path):
    folder, splits = miniature(tmp_path, "nah")
    (folder / "test/GOPR0384_11_00").rename(folder / "train/GOPR0384_11_00")
    assert "this video belongs to the split 'test', not 'train'; move it" in problems(tmp_path, "nah", folder, splits)


def test_many_problems_are_counted(tmp_path):
    folder, splits = miniature(tmp_path, "su")
    for video in ("IMG_0001", "tall"):
        (folder / f"quantitative_datasets/{video}/GT/00001.jpg").unlink()
    assert "(and 1 more problems, one per video)" in problems(tmp_path, "su", folder, splits)


def test_an_unknown_layout_and_a_wrong_list_are_named(tmp_path):
    folder, splits = miniature(tmp_path, "su")
    with pytest.raises(
        DataError, match=r"no video lies there in the layout 'nah', {train,test}/VIDEO.*`pvdbench datasets fetch nah`"
    ):
        verify_dataset(find_layout("nah"), folder, ROOT / "data/splits.csv", jobs=1)
    splits.write_text(splits.read_text().replace("00004", "00005"))
    with pytest.raises(DataError, match="00000 to 00005 are not 5 consecutive frames"):
        verify_dataset(find_layout("su"), folder, splits, jobs=1)


def test_memory_does_not_grow_with_a_video(tmp_path):
    peaks = []
    for count in (6, 24):
        names = [f"{t:03d}" for t in range(count)]
        film(tmp_path / f"{count}/blur", tmp_path / f"{count}/sharp", names, size=(240, 320))
        tracemalloc.start()
        check = check_video(VideoJob("v", "test", names, tmp_path / f"{count}/blur", tmp_path / f"{count}/sharp"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert not check.problems and len(check.sharp) == count
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("step", [0.0, 0.3])
def test_a_video_at_rest_or_nearly_is_not_called_shifted(tmp_path, step):
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 3, (24, 60)), 1) + 120
    for kind in ("blur", "sharp"):
        (tmp_path / kind).mkdir()
    names = [f"{t:02d}" for t in range(12)]
    for t, name in enumerate(names):
        shots = [np.array([np.interp(np.arange(40) + 5 + step * (t + d), np.arange(60), row) for row in smooth])
                 + rng.normal(0, 2, (24, 40)) for d in (-0.4, -0.2, 0, 0.2, 0.4)]  # fmt: skip
        for kind, frame in (("sharp", shots[2]), ("blur", np.mean(shots, 0))):
            rgb = np.clip(frame, 0, 255).astype(np.uint8)[..., None].repeat(3, -1)
            write_frame(tmp_path / kind / f"{name}.png", rgb)
    check = check_video(VideoJob("v", "test", names, tmp_path / "blur", tmp_path / "sharp"))
    assert not check.problems
