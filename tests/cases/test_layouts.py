"""Data sets as strangers lay them out: folders by any usual name, kind first or video first, and what is left over."""

import os
import shutil

import pandas as pd
import pytest
from command import one_line, pvdbench_here
from conftest import ROOT
from sample_clips import clip, pair, save, view

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import read_clips
from pvdbench.io.images import read_frame

NAMES = [f"{t:03d}" for t in range(4)]


def add(folder, *more, name="own"):
    return pvdbench_here("datasets", "add", name, folder, "--data", folder.parent / "data", *more)


def added(folder, name="own"):
    """What the manifest has: the names of the frames of each split and video, all of them with truth."""
    table = pd.read_csv(folder.parent / "data" / name / "manifest.csv", dtype=str, keep_default_na=False)
    assert (table["sharp"] != "").all()
    return {key: list(rows["frame"]) for key, rows in table.groupby(["split", "video"])}


def refused(run, *words):
    line = one_line(run)
    assert all(word in line for word in words), line
    return line


BLURRY = ["blur", "blur_gamma", "input", "Blur", "BLUR", "blurry", "Blurred", "LQ", "blur", "input", "blur", "input",
          "blur ", "Blur Gamma"]  # fmt: skip
SHARP = ["sharp", "GT", "gt", "Gt", "target", "Sharp", "ground_truth", "hq", "gt", "target", "Sharp", "gt",
         "Ground Truth", "ground-truth"]  # fmt: skip


@pytest.mark.parametrize(("blurry", "sharp"), list(zip(BLURRY, SHARP, strict=True)))
def test_case_10_blurry_and_sharp_by_their_usual_names(tmp_path, blurry, sharp):
    pair(tmp_path / "in/scene001" / blurry, tmp_path / "in/scene001" / sharp, NAMES)
    run = add(tmp_path / "in")
    assert run.returncode == 0 and "passed over" not in run.stderr, run.stderr
    assert added(tmp_path / "in") == {("test", "scene001"): NAMES}


TREES = {
    "reds": ("train/train_blur/{v}", "train/train_sharp/{v}", "train"),
    "reds val": ("val/val_blur/{v}", "val/val_sharp/{v}", "test"),
    "reds without the folder around": ("train_blur/{v}", "train_sharp/{v}", "train"),
    "kind before split": ("blur_test/{v}", "sharp_test/{v}", "test"),
    "kind in a split": ("train/blur/{v}", "train/gt/{v}", "train"),
    "kind first": ("blur/{v}", "sharp/{v}", "test"),
    "Kind first": ("Blur/{v}", "GT/{v}", "test"),
    "kind, then split": ("input/Train/{v}", "target/Train/{v}", "train"),
    "bsd": ("test/{v}/Blur/RGB", "test/{v}/Sharp/RGB", "test"),
    "bsd, small": ("{v}/blur/rgb", "{v}/sharp/rgb", "test"),
    "two folders around": ("BSD_1ms8ms/data/{v}/Blur/RGB", "BSD_1ms8ms/data/{v}/Sharp/RGB", "test"),
    "valid": ("valid/{v}/input", "valid/{v}/GT", "test"),
    "testing": ("testing/blur/{v}", "testing/gt/{v}", "test"),
    "hyphen": ("train-blur/{v}", "train-sharp/{v}", "train"),
}


@pytest.mark.parametrize("tree", TREES)
def test_cases_11_and_12_kind_first_and_one_folder_more(tmp_path, tree):
    blurry, sharp, split = TREES[tree]
    for video in ("000", "001"):
        pair(tmp_path / "in" / blurry.format(v=video), tmp_path / "in" / sharp.format(v=video), NAMES)
    run = add(tmp_path / "in")
    assert run.returncode == 0, run.stderr
    assert added(tmp_path / "in") == {(split, "000"): NAMES, (split, "001"): NAMES}


def test_raw_of_the_sensor_is_passed_over_and_named(tmp_path):
    home = tmp_path / "in/test/000"
    pair(home / "Blur/RGB", home / "Sharp/RGB", NAMES)
    save(home / "Blur/RAW/000.tif", view(0))
    save(home / "Sharp/RAW/000.png", view(0))
    run = add(tmp_path / "in")
    assert run.returncode == 0 and "Blur/RAW/000.tif: passed over" in run.stderr and "Sharp/RAW: passed" in run.stderr
    assert added(tmp_path / "in") == {("test", "000"): NAMES}


@pytest.mark.parametrize("top", ["in", "in/train", "in/GOPRO_Large/test"])
def test_case_13_two_kinds_of_blur_are_not_chosen_between(tmp_path, top):
    for kind in ("blur", "blur_gamma"):
        pair(tmp_path / top / "G" / kind, tmp_path / top / "G/sharp", NAMES)
    line = refused(add(tmp_path / "in"), "blur_gamma", "blur", "paper")
    assert ("--blurry" in line or "--layout" in line) and not (tmp_path / "data").exists()
    run = add(tmp_path / "in", "--blurry", "Blur_Gamma")
    assert run.returncode == 0 and "G/blur: passed over" in run.stderr, run.stderr
    assert list(added(tmp_path / "in").values()) == [NAMES]
    refused(add(tmp_path / "in", "--blurry", "input", name="other"), "none of the name input")


def test_two_names_of_one_kind_are_not_chosen_between(tmp_path):
    pair(tmp_path / "in/a/Blur", tmp_path / "in/a/sharp", NAMES)
    shutil.copytree(tmp_path / "in/a/sharp", tmp_path / "in/a/gt")
    refused(add(tmp_path / "in"), "several folders of sharp frames", "gt", "sharp")


def test_frames_of_all_videos_in_one_folder(tmp_path):
    for video in ("GOPR0384_11_00", "GOPR0384_11_05"):
        pair(tmp_path / "in/test/input", tmp_path / "in/test/target", [f"{video}-{name}" for name in NAMES])
    run = add(tmp_path / "in")
    assert run.returncode == 0 and "input: 2 videos by the names of their frames, GOPR0384_11_00" in run.stderr
    assert added(tmp_path / "in") == {("test", "GOPR0384_11_00"): NAMES, ("test", "GOPR0384_11_05"): NAMES}
    (tmp_path / "in/test/target/GOPR0384_11_05-002.png").unlink()
    assert "1 of 4 are missing, 002" in add(tmp_path / "in", name="more").stderr.splitlines()[-1]
    for path in (tmp_path / "in/test/target").glob("GOPR0384_11_05*"):
        path.unlink()
    refused(add(tmp_path / "in", name="more"), "GOPR0384_11_05")


@pytest.mark.parametrize("strange", ["in/w", "in/train/w/more", "in/test/w"])
def test_a_video_that_lies_elsewhere_is_not_lost_to_another_layout(tmp_path, strange):
    pair(tmp_path / "in/test/v/blur", tmp_path / "in/test/v/sharp", NAMES)
    pair(tmp_path / strange / "blur", tmp_path / strange / "truth_x", NAMES)
    refused(add(tmp_path / "in"), "/w")


def test_one_clip_in_two_folders_is_called_as_the_folder_around(tmp_path):
    pair(tmp_path / "walk/blur", tmp_path / "walk/sharp", NAMES)
    assert add(tmp_path / "walk").returncode == 0
    assert added(tmp_path / "walk") == {("test", "walk"): NAMES}


@pytest.mark.parametrize("names", [["10fromGOPR0950", "11fromGOPR0950"], ["a-1", "b-2", "c-3"], ["a-1", "a-2", "4"]])
def test_frames_whose_videos_are_not_told_are_refused(tmp_path, names):
    pair(tmp_path / "in/input", tmp_path / "in/target", names)
    refused(add(tmp_path / "in"), "do not tell of which video")


@pytest.mark.parametrize("tree", ["test/GoPro/{}", "GoPro/test/{}", "{}/GoPro", "GoPro/{}"])
@pytest.mark.parametrize("between", ["-", "_"])
def test_case_5_flat_frames_in_a_folder_called_as_their_data_set(tmp_path, tree, between):
    """As the folders of MPRNet, Restormer and NAFNet lie: Datasets/test/GoPro/input/GOPR0384_11_00-000001.png."""
    for video in ("GOPR0384_11_00", "GOPR0385_11_01"):
        names = [f"{video}{between}{name}" for name in NAMES]
        pair(tmp_path / "in" / tree.format("input"), tmp_path / "in" / tree.format("target"), names)
    run = add(tmp_path / "in")
    assert run.returncode == 0, run.stderr
    if between == "-":
        assert "2 videos by the names of their frames, GOPR0384_11_00 the first" in run.stderr
        assert added(tmp_path / "in") == {("test", f"GOPR038{clip}"): NAMES for clip in ("4_11_00", "5_11_01")}
    else:
        assert "counts as one clip, though by their names its frames are of 2" in run.stderr


def test_a_clip_whose_frames_have_its_name_keeps_its_own(tmp_path):
    for video in ("walk", "run"):
        pair(tmp_path / "in" / video / "blur", tmp_path / "in" / video / "sharp", [f"x-{name}" for name in NAMES])
    run = add(tmp_path / "in")
    assert {video for _, video in added(tmp_path / "in")} == {"walk", "run"} and "names of" not in run.stderr


def test_case_11_archives_unpacked_into_folders_of_their_own_names(tmp_path):
    kinds = ("train_blur/train/train_blur/000", "train_sharp/train/train_sharp/000")
    pair(*(tmp_path / "in" / kind for kind in kinds), NAMES)
    assert add(tmp_path / "in").returncode == 0 and added(tmp_path / "in") == {("train", "000"): NAMES}
    pair(tmp_path / "two/blur/a/sharp", tmp_path / "two/x", NAMES)
    refused(add(tmp_path / "two", name="two"), "two of its folders say what its frames are")


@pytest.mark.parametrize(
    ("names", "words"),
    [([*NAMES, *(f"{name}_out" for name in NAMES)], "are of 2 kinds"), ([*NAMES, "006", "007"], "between '003' and")],
)
def test_frames_of_two_kinds_and_numbers_that_jump_are_said(tmp_path, names, words):
    pair(tmp_path / "in/a/blur", None, names)
    run = add(tmp_path / "in")
    assert run.returncode == 0 and f"a/blur: {'by' if 'between' in words else 'its'}" in run.stderr
    assert words in run.stderr


def test_a_gap_in_a_video_of_a_flat_folder_names_the_video(tmp_path):
    for video, names in (("walk", NAMES), ("run", [*NAMES, "006"])):
        pair(tmp_path / "in/blur", tmp_path / "in/gt", [f"{video}-{name}" for name in names])
    assert "blur/run-*: by the numbers in their names, frames are missing" in add(tmp_path / "in").stderr


def test_frames_of_other_names_are_said(tmp_path):
    pair(tmp_path / "in/a/blur", None, [f"blur_{name}" for name in NAMES])
    clip(tmp_path / "in/a/gt", [f"gt_{name}" for name in NAMES])
    refused(add(tmp_path / "in"), "its files are called gt_000 and so on", "rename these")


@pytest.mark.parametrize(("name", "words"), [("walk.mp4", "this is a file"), ("gone", "this folder is not there")])
def test_what_is_no_folder_is_said(tmp_path, name, words):
    (tmp_path / "walk.mp4").write_bytes(b"x")
    refused(add(tmp_path / name), f"{name}: {words}")


def test_validation_videos_are_left_out_where_there_are_test_videos_and_named(tmp_path):
    for split in ("train", "val", "test"):
        pair(tmp_path / "in" / split / "blur/a", tmp_path / "in" / split / "sharp/a", NAMES)
    run = add(tmp_path / "in")
    assert run.returncode == 0 and "in/val/blur/a: passed over" in run.stderr
    assert added(tmp_path / "in") == {("test", "a"): NAMES, ("train", "a"): NAMES}


def rename(old, new):
    def harm(mine):
        (mine / new).parent.mkdir(exist_ok=True)
        (mine / old).rename(mine / new)

    return harm


def empty(name):
    return lambda mine: [path.unlink() for path in (mine / name).iterdir()]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda m: shutil.rmtree(m / "b/sharp"), "b has no truth"),
        (empty("b/sharp"), "b/sharp: no PNG or JPEG frames lie there"),
        (empty("b/blur"), "b/blur: no PNG or JPEG frames lie there"),
        (lambda m: shutil.rmtree(m / "b/blur"), "b: a video has a folder of blurry frames, and this one has only"),
        (rename("b/sharp", "b/ground_truth_x"), "b/ground_truth_x: these frames are neither blurry nor sharp"),
        (rename("b/blur", "b/images"), "b: a video has a folder of blurry frames"),
        (rename("b", "test"), "other folders than"),
        (rename("b", "more/b"), "it lies in two folders, more and b"),
        (lambda m: (m / "c").mkdir(), "in/c: no PNG or JPEG frames"),
        (lambda m: (m / "a/blur/000.png").rename(m / "000.png"), "in: these frames are neither"),
        (lambda m: (m / "c").symlink_to(m / "nowhere"), "in/c: this link leads to nothing"),
        (lambda m: (m / "a/again").symlink_to(m), "again: this link leads to a folder that it lies in"),
        (lambda m: (m / "b/blur/9.png").symlink_to(m / "nowhere.png"), "b/blur/9.png: this link leads"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(tmp_path, harm, words):
    for video in "ab":
        pair(tmp_path / "in" / video / "blur", tmp_path / "in" / video / "sharp", NAMES)
    harm(tmp_path / "in")
    refused(add(tmp_path / "in"), words)
    assert not (tmp_path / "data").exists()


def test_what_is_left_over_is_named(tmp_path):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    clip(tmp_path / "in/a/flow", NAMES)
    (tmp_path / "in/notes.txt").write_text("x")
    (tmp_path / "in/.DS_Store").write_text("x")
    (tmp_path / "in/a/blur/@eaDir").mkdir()
    run = add(tmp_path / "in")
    assert run.returncode == 0 and added(tmp_path / "in") == {("test", "a"): NAMES}
    assert "in/a/flow: passed over" in run.stderr and "in/notes.txt: passed over" in run.stderr


def test_cases_8_and_9_links_are_entered_and_what_systems_leave_is_passed_over(tmp_path):
    for video in "ab":
        pair(tmp_path / "disk" / video / "blur", tmp_path / "disk" / video / "sharp", NAMES)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").symlink_to(tmp_path / "disk/a")
    shutil.copytree(tmp_path / "disk/b", tmp_path / "in/b")
    (tmp_path / "in/b/blur/000.png").unlink()
    (tmp_path / "in/b/blur/000.png").symlink_to(tmp_path / "disk/b/blur/000.png")
    (tmp_path / "in/b/blur/._000.png").write_bytes(b"\0\5\x16\7" + bytes(80))
    for left in (".ipynb_checkpoints", "@eaDir", "__MACOSX"):
        shutil.copytree(tmp_path / "disk/a", tmp_path / "in" / left)
        shutil.copytree(tmp_path / "disk/a/blur", tmp_path / "in/b/blur" / left)
    run = add(tmp_path / "in")
    assert run.returncode == 0, run.stderr
    assert "in: 7 passed over that are no frames: .ipynb_checkpoints/, @eaDir/, __MACOSX/, ._000.png" in run.stderr
    assert added(tmp_path / "in") == {("test", "a"): NAMES, ("test", "b"): NAMES}


SPLITS = "dataset,split,video,frames,first_frame,last_frame,consecutive\nnah,train,a,4,000,003,True\n"


@pytest.mark.parametrize("harm", ["", "foreign", "link", "lost"])
def test_cases_8_and_9_verify_reads_links_and_counts_what_systems_leave(tmp_path, harm):
    home = tmp_path / "in/train/a"
    pair(home / "blur_gamma", home / "sharp", NAMES)
    (tmp_path / "splits.csv").write_text(SPLITS)
    if harm == "foreign":
        (home / "sharp/Thumbs.db").write_bytes(b"x")
        (home / "sharp/._000.png").write_bytes(b"x")
    elif harm:
        home.rename(tmp_path / "disk")
        home.symlink_to(tmp_path / "disk" if harm == "link" else tmp_path / "nowhere")
    words = ("nah", "--folder", "in", "--splits", "splits.csv", "--data", ".")
    run = pvdbench_here("datasets", "verify", *words, cwd=tmp_path)
    if harm == "lost":
        refused(run, "in/train/a: this link leads to nothing")
        return
    assert run.returncode == 0 and (tmp_path / "nah/manifest.csv").read_text().count("../in/train/a/sharp") == 4
    assert ("in: 2 passed over that are no frames: ._000.png, Thumbs.db" in run.stderr) == (harm == "foreign")


@pytest.mark.parametrize("equal", [4, 3])
def test_blurry_frames_that_equal_their_sharp_ones_are_refused(tmp_path, equal):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    for name in NAMES[:equal]:  # other bytes of the same pixels
        save(tmp_path / f"in/a/blur/{name}.png", read_frame(tmp_path / f"in/a/sharp/{name}.png"), compress_level=1)
    refused(add(tmp_path / "in"), f"{equal} of its 4 frames equal")


def test_a_few_equal_frames_are_named(tmp_path):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    shutil.copy(tmp_path / "in/a/sharp/001.png", tmp_path / "in/a/blur/001.png")
    run = add(tmp_path / "in")
    assert run.returncode == 0 and "a/blur: 1 of its 4 frames equal their sharp ones" in run.stderr


@pytest.mark.parametrize("kind", ["blur", "sharp"])
def test_two_sizes_and_unequal_counts_are_refused(tmp_path, kind):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    (tmp_path / f"in/a/{kind}/003.png").unlink()
    refused(add(tmp_path / "in"), "003")
    save(tmp_path / f"in/a/{kind}/003.png", view(0, 48, 60))
    refused(add(tmp_path / "in"), f"{kind}/003.png: this frame is of 60x48")


def test_case_27_a_data_set_of_one_frame(tmp_path):
    pair(tmp_path / "in/v/blur", tmp_path / "in/v/sharp", ["0"])
    run = add(tmp_path / "in")
    assert run.returncode == 0 and added(tmp_path / "in") == {("test", "v"): ["0"]}, run.stderr


@pytest.mark.parametrize("names", [[str(t) for t in range(1, 13)], ["a9", "a10", "a11"], ["v1_10", "v10_1"]])
def test_cases_2_and_6_names_that_do_not_sort_in_time_are_refused(tmp_path, names):
    pair(tmp_path / "in/v/blur", tmp_path / "in/v/sharp", names)
    refused(add(tmp_path / "in"), "pad")


def test_numbers_may_start_anywhere(tmp_path):
    names = [f"{t:06d}" for t in range(98, 103)]
    pair(tmp_path / "in/v/blur", tmp_path / "in/v/sharp", names)
    assert add(tmp_path / "in").returncode == 0
    (one,) = read_clips(tmp_path / "data/own", "test")
    assert [frame.name for frame in one.frames] == names


MANIFEST = "video,split,frame,blurry,sharp,flow,occlusion,width,height\n"


def row(video="v", split="test", frame="000", blurry="v/000.png"):
    return f"{video},{split},{frame},{blurry},,,,64,48\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (row(video="../up"), "'../up' is no name"),
        (row(video="/etc"), "'/etc' is no name"),
        (row(video=".."), "'..' is no name"),
        (row(frame="../000"), "'../000' is no name"),
        (row(frame="a\\b"), "is no name"),
        (row() + row(), "line 3: this frame is there twice"),
        (row(split="Test"), "line 2: its split is none of train, test"),
        (row(video=""), "line 2: video is blank"),
        (row(frame="0"), "line 2: its file has zeros that its name lost"),
        (row(frame="9", blurry="v/9.png") + row(frame="10", blurry="v/10.png"), "pad the numbers"),
        (row().replace("64", "big"), "line 2: width is 'big', and should be a whole number"),
        (row().replace("64", ""), "line 2: width is blank"),
    ],
)
def test_a_manifest_that_would_mislead_is_refused(tmp_path, rows, words):
    save(tmp_path / "own/v/000.png", view(0))
    (tmp_path / "own/manifest.csv").write_text(MANIFEST + rows)
    with pytest.raises(DataError) as caught:
        read_clips(tmp_path / "own", "test")
    assert words in str(caught.value), caught.value


def test_own_data_sets_are_listed(tmp_path):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    assert add(tmp_path / "in", name="NA").returncode == 0
    (tmp_path / "data/broken").mkdir()
    (tmp_path / "data/broken/manifest.csv").write_text("a;b\n")
    run = pvdbench_here("datasets", "list", "--data", tmp_path / "data")
    assert run.returncode == 0 and "NA: 1 videos, 4 frames to test\n" in run.stdout
    assert "broken: " in run.stdout and "a spreadsheet changed it" in run.stdout
    shutil.copy(ROOT / "data/sources.yaml", tmp_path / "data")
    run = pvdbench_here("datasets", "list", "--data", tmp_path / "data")
    assert "su: not here" in run.stdout and "NA: 1 videos, 4 frames to test\n" in run.stdout


def test_a_name_that_is_no_utf8_is_refused_in_a_line(tmp_path):
    pair(tmp_path / "in/a/blur", tmp_path / "in/a/sharp", NAMES)
    (tmp_path / "in/a").rename(tmp_path / "in" / os.fsdecode(b"\xb2\xe2"))
    refused(add(tmp_path / "in"), "is no name of a video")


def test_a_manifest_may_name_frames_of_an_archive_that_lies_elsewhere(tmp_path):
    """As `datasets verify --folder ELSEWHERE` and that of nah-linear, whose frames are those of nah, write it."""
    save(tmp_path / "disk/v/000.png", view(0))
    (tmp_path / "data/own").mkdir(parents=True)
    (tmp_path / "data/own/manifest.csv").write_text(MANIFEST + row(blurry="../../disk/v/000.png"))
    (one,) = read_clips(tmp_path / "data/own", "test")
    assert one.frames[0].blurry.resolve() == tmp_path / "disk/v/000.png"
    for wrong in ("/etc/x.png", ".", "v/.."):
        (tmp_path / "data/own/manifest.csv").write_text(MANIFEST + row(blurry=wrong))
        with pytest.raises(DataError, match="blurry is no file"):
            read_clips(tmp_path / "data/own", "test")
