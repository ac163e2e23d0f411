"""Frame order, surplus and missing files, clips that are links or in one folder, foreign files, skipped formats."""

import os

import numpy as np
import pandas as pd
import pytest
from command import one_line, pvdbench_here
from sample_clips import clip, pair, save, view
from score_folder import score

import pvdbench
from pvdbench.core.errors import DataError, MethodError
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.inference.truth import refuse_truth
from pvdbench.io.clip_folders import clip_files
from pvdbench.io.frame_folders import frame_files
from pvdbench.methods.card import FramesTemplate
from pvdbench.methods.precomputed import PrecomputedFrames


def refused(run, where):
    assert not (where / "s.csv").exists()
    return one_line(run)


def dots(folder, names, ending=".png"):
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}{ending}").write_bytes(b"")
    return folder


ORDERS = {
    "two digits and three": [f"{t:02d}" for t in (1, 2, 9, 10, 99, 100, 101)],
    "none padded": ["1", "2", "3", "10", "11", "100"],
    "text around": [f"frame{t}_out" for t in (0, 1, 9, 10, 100)],
    "five digits where four are padded": [f"f{t:04d}" for t in (9998, 9999, 10000, 10001)],
    "several numbers": [f"{clip}_{t}" for clip in (2, 10) for t in (1, 9, 10)],
    "from any number": ["000247", "000248", "000346"],
    "padded decimals": ["0.00", "0.25", "1.50"],
    "hexadecimal": ["0009", "000a", "000f", "0010"],
    "times of day": ["12-00-01", "12-00-02", "12-01-01"],
    "words": ["after", "before", "between"],
}


@pytest.mark.parametrize("names", ORDERS.values(), ids=ORDERS)
def test_frames_come_in_the_order_of_their_numbers(tmp_path, names):
    assert list(frame_files(dots(tmp_path / "f", names[::-1]))) == names


@pytest.mark.parametrize(
    "names",
    [
        ["9", "a", "f", "10"], ["walk9", "run10", "walk10"], ["1.5", "1.25", "1.125"], ["-2", "-1", "0", "1"],
        ["05", "1", "15", "2"], ["frame_9", "frame_9b", "frame_10"], ["frame_-1", "frame_0", "frame_1", "frame_-2"],
    ],
)  # fmt: skip
def test_names_that_leave_their_order_in_doubt_are_refused(tmp_path, names):
    with pytest.raises(DataError, match=r"do not tell their order .* first.*pad their numbers with zeros"):
        frame_files(dots(tmp_path / "f", names))


@pytest.mark.parametrize("names", [["1", "01"], ["1", "2", "003", "3"], ["a_7_1", "a_07_1"], ["A1", "a1"],
                                   ["é", "e\u0301"]])  # fmt: skip
def test_one_frame_under_two_names_is_refused(tmp_path, names):
    with pytest.raises(DataError, match=r"name one frame twice; keep one of them"):
        frame_files(dots(tmp_path / "f", names))


@pytest.mark.parametrize("endings", [(".jpg", ".png"), (".png", ".PNG"), (".JPE", ".jfif")])
def test_one_frame_in_two_files_is_refused(tmp_path, endings):
    folder = dots(tmp_path / "f", ["000", "001"], endings[0])
    (folder / f"001{endings[1]}").write_bytes(b"")
    with pytest.raises(DataError, match=r"there is 001.*, too; keep one file per frame"):
        frame_files(folder)


@pytest.mark.parametrize("start", [0, 1])
def test_case_1_results_of_two_digits_belong_to_truths_of_five(tmp_path, start):
    clip(tmp_path / "truth", [f"{t:05d}" for t in range(102)], 24, 32)
    clip(tmp_path / "ours", [f"{t:02d}" for t in range(start, start + 102)], 24, 32)
    run = score(tmp_path, "--frame-offset", "0")
    assert run.returncode == 0 and "plain-rgb: identical over 102 frames" in run.stdout, run.stderr
    by_name = score(tmp_path)
    if start:
        assert "truth/00000.png has no estimate of its name in ours; 1 of 102 have none" in one_line(by_name)
    else:
        assert "plain-rgb: identical over 102 frames" in by_name.stdout


def test_case_1_koehler_leaves_the_first_frame_out(tmp_path):
    clip(tmp_path / "truth", [f"{t:05d}" for t in range(12)])
    clip(tmp_path / "ours", [f"{t}" for t in range(1, 13)])
    run = score(tmp_path, "--frame-offset", "0", protocols=("koehler",))
    assert "koehler: identical over 11 frames" in run.stdout


def test_case_2_frames_reach_a_method_in_order(tmp_path):
    for t in range(1, 13):
        save(tmp_path / "in" / f"{t}.png", np.full((8, 8, 3), 20 * t, np.uint8))
    from pvdbench.io.images import read_frame

    assert [read_frame(path)[0, 0, 0] for path in frame_files(tmp_path / "in").values()] == [*range(20, 241, 20)]


@pytest.mark.parametrize("other", ["input", "gt"])
def test_case_3_two_files_a_frame_are_surplus(tmp_path, other):
    clip(tmp_path / "truth", [f"{t:08d}" for t in range(10)])
    clip(tmp_path / "ours", [f"{t:08d}_estrnn" for t in range(2, 8)])
    for t in range(2, 8):
        save(tmp_path / "ours" / f"{t:08d}_{other}.png", view(0))
    first = refused(score(tmp_path), tmp_path)
    assert "truth/00000000.png has no estimate of its name" in first and "--frame-offset" not in first
    second = refused(score(tmp_path, "--frame-offset", "2"), tmp_path)
    assert "12 estimates for 8 truths" in second and "00000006_estrnn" in second


def test_two_files_a_frame_are_refused_where_there_are_as_many_truths(tmp_path):
    clip(tmp_path / "truth", [f"{t:03d}" for t in range(6)])
    clip(tmp_path / "ours", [f"{t:03d}{kind}" for t in range(3) for kind in ("_out", "_in")])
    assert "the names of the estimates are of 2 kinds, #_in and #_out" in refused(
        score(tmp_path, "--frame-offset", "0"), tmp_path
    )


def test_a_gap_is_refused_where_pairs_go_by_order(tmp_path):
    clip(tmp_path / "truth", [f"{t:03d}" for t in range(6)])
    clip(tmp_path / "ours", ["1", "2", "4", "5"])
    assert "frames are missing between '2' and '4'" in refused(score(tmp_path, "--frame-offset", "0"), tmp_path)


def test_case_4_ends_that_a_method_leaves_out(tmp_path):
    clip(tmp_path / "truth" / "v", [f"{t:05d}" for t in range(10)])
    for t in range(2, 8):
        save(tmp_path / "ours" / "v" / f"{t:05d}.png", view(3 * t))
    first = refused(score(tmp_path), tmp_path)
    assert "00000.png has no estimate of its name in ours/v; 4 of 10 have none" in first and "offset" not in first
    run = score(tmp_path, "--frame-offset", "2", protocols=("koehler", "plain-rgb"))
    assert [line.split(":")[1] for line in run.stdout.splitlines()] == [" identical over 6 frames"] * 2
    assert "4 truths at the ends of clips have no partner and are left out" in run.stderr
    late = refused_offset(tmp_path, "5")
    assert "6 estimates for 5 truths by --frame-offset 5; 1 are surplus by order (00007)" in late


def refused_offset(where, offset):
    return one_line(score(where, "--frame-offset", offset))


@pytest.mark.parametrize("between", ["-", "_"])
def test_case_5_the_clip_is_in_the_file_name(tmp_path, between):
    for video, left in (("GOPR0384_11_00", 0), ("GOPR0385_11_01", 60)):
        for t in range(1, 4):
            frame = view(left + 3 * t)
            for folder, values in (("truth", frame), ("ours", frame // 2)):
                save(tmp_path / "nested" / folder / video / f"{t:06d}.png", values)
                save(tmp_path / "flat" / folder / f"{video}{between}{t:06d}.png", values)
    nested, flat = (score(tmp_path / layout, protocols=("koehler", "su-30")) for layout in ("nested", "flat"))
    assert "over 4 frames" in nested.stdout and not nested.stderr
    if between == "-":
        assert flat.stdout == nested.stdout and "by their names its frames are of 2 clips" in flat.stderr
        assert (tmp_path / "flat/s.csv").read_bytes() == (tmp_path / "nested/s.csv").read_bytes()
    else:
        assert "over 5 frames" in flat.stdout and "counts as one clip, though by their names" in flat.stderr


def test_one_clip_in_one_folder_is_one_clip_without_a_word(tmp_path, capsys):
    assert list(clip_files(dots(tmp_path / "f", [f"walk-{t:03d}" for t in range(4)]))) == ["."]
    assert not capsys.readouterr().err


def test_case_6_numbers_start_anywhere(tmp_path):
    video = tmp_path / "in/GOPR0386_11_00"
    pair(video / "blur", video / "sharp", [f"{t:06d}" for t in range(247, 253)])
    added = pvdbench_here("datasets", "add", "g", "in", "--data", "d", cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    (found,) = read_clips(tmp_path / "d" / "g", "test")
    assert [frame.name for frame in found.frames] == [f"{t:06d}" for t in range(247, 253)]
    clip(tmp_path / "r", [f"{t:05d}" for t in range(6)])
    names = [frame.name for frame in found.frames]
    by_number = PrecomputedFrames(tmp_path, FramesTemplate(path="r/{number:05d}.png"))
    assert [by_number.path("v", names, t).is_file() for t in range(6)] == [True] * 6
    by_name = PrecomputedFrames(tmp_path, FramesTemplate(path="r/{frame:05d}.png"))
    assert by_name.path("v", names, 0).name == "00247.png"


class _Clip:
    video, names = "v", ["a", "b", "c"]

    def __len__(self):
        return 3


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([0, 1, 2], ""), ([0, 1, 2, 3], r"r/3\.png: a result beyond the clip's 3 frames"),
        ([0, 2], r"r/1\.png: this frame is not"),
        ([1, 2, 3], r"r/3\.png: a result beyond"),
    ],
)  # fmt: skip
def test_precomputed_frames_that_are_counted_are_as_many_as_the_clips(tmp_path, results, message):
    clip(tmp_path / "r", results)
    frames = PrecomputedFrames(tmp_path, FramesTemplate(path="r/{number}.png"))
    if not message:
        assert len(list(frames.deblur(_Clip()))) == 3
        return
    with pytest.raises(MethodError, match=message):
        list(frames.deblur(_Clip()))


@pytest.mark.parametrize(("there", "missing"), [(17, 3), (19, 1)])
def test_case_7_how_many_are_missing_is_said(tmp_path, there, missing):
    clip(tmp_path / "truth", [f"{t}fromGOPR0950" for t in range(10, 30)])
    clip(tmp_path / "ours", [f"{t}fromGOPR0950" for t in range(10, 10 + there)])
    said = refused(score(tmp_path), tmp_path)
    assert f"{10 + there}fromGOPR0950.png has no estimate" in said and f"{missing} of 20 have none" in said
    assert "--frame-offset" not in said
    other = one_line(score(tmp_path, truth="ours", estimate="truth"))
    assert f"has no truth of its name in ours; {missing} of 20 have none" in other


def test_a_clip_that_is_missing_altogether(tmp_path):
    for name in "abc":
        clip(tmp_path / "truth" / name, ["0"])
    clip(tmp_path / "ours" / "b", ["0"])
    assert "ours has no frames of the clip 'a'; 2 of 3 clips are missing there" in refused(score(tmp_path), tmp_path)


@pytest.mark.parametrize("real", [(), ("truth/a",), ("truth/a", "ours/a"), ("truth/a", "truth/b")])
def test_case_8_clips_that_are_links(tmp_path, real):
    for name in "ab":
        clip(tmp_path / "disk" / name, ["000", "001"])
    for side in ("truth", "ours"):
        (tmp_path / side).mkdir()
        for name in "ab":
            if f"{side}/{name}" in real:
                clip(tmp_path / side / name, ["000", "001"])
            else:
                (tmp_path / side / name).symlink_to(tmp_path / "disk" / name)
    assert "plain-rgb: identical over 4 frames" in score(tmp_path).stdout


def test_a_link_within_a_linked_folder_and_one_back_to_the_top(tmp_path, capsys):
    clip(tmp_path / "disk" / "a" / "deep", ["0", "1"])
    (tmp_path / "truth" / "x").mkdir(parents=True)
    (tmp_path / "truth" / "x" / "y").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "a" / "up").symlink_to(tmp_path / "truth")
    (tmp_path / "disk" / "a" / "self").symlink_to(".")
    assert list(clip_files(tmp_path / "truth")) == ["x/y/a/deep"]
    assert "2 passed over that are no frames: self/, up/" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["001.png", "b", "001.JPG"])
def test_a_link_that_leads_to_nothing_is_named(tmp_path, name):
    for side in ("truth", "ours"):
        clip(tmp_path / side, ["000"])
    (tmp_path / "truth" / name).symlink_to(tmp_path / "gone" / name)
    assert f"truth/{name}: this link leads to nothing" in refused(score(tmp_path), tmp_path)


def test_a_link_to_itself_is_named(tmp_path):
    clip(tmp_path / "f", ["000"])
    (tmp_path / "f" / "001.png").symlink_to("001.png")
    with pytest.raises(DataError, match=r"001\.png: this link leads to nothing"):
        frame_files(tmp_path / "f")


FOREIGN = ["._000.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.jpg", "notes.txt", "list.csv", "@eaDir/x.png",
           ".ipynb_checkpoints/000-checkpoint.png", "__MACOSX/000.png", "@eaDir/000.png/thumb.jpg"]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("sides", [("ours",), ("truth", "ours")])
def test_case_9_what_others_leave_between_frames_is_passed_over(tmp_path, name, sides):
    for side in ("truth", "ours"):
        clip(tmp_path / side / "v", ["000", "001"])
    for side in sides:
        path = tmp_path / side / "v" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\5\x16\7" + bytes(80))
    run = score(tmp_path)
    assert "plain-rgb: identical over 2 frames" in run.stdout, run.stderr
    lines = run.stderr.splitlines()
    assert len(lines) == len(sides) and all("1 passed over that is no frame: " in line for line in lines)


@pytest.mark.parametrize("ending", [".tif", ".TIFF", ".bmp", ".webp", ".exr", ".npy", ".gif", ".avif", ".apng"])
def test_formats_that_would_be_skipped_are_refused(tmp_path, ending):
    folder = dots(tmp_path / "f", ["000", "002"])
    (folder / f"001{ending}").write_bytes(b"")
    with pytest.raises(DataError, match=f"001{ending}: only PNG and JPEG frames are read, and this would be left out"):
        frame_files(folder)


@pytest.mark.parametrize(("name", "frames", "folder"), [("preview.gif", ["0", "1"], False), ("psnr.mat", [], True),
                                                        ("kernel.npy", ["0", "1"], True)])  # fmt: skip
def test_what_is_no_frame_by_its_name_is_passed_over(tmp_path, capsys, name, frames, folder):
    dots(tmp_path / "f", frames)
    if folder:
        dots(tmp_path / "f/v", ["0"])
    (tmp_path / "f" / name).write_bytes(b"")
    assert sum(map(len, clip_files(tmp_path / "f").values())) == len(frames) + folder
    assert f"1 passed over that is no frame: {name}" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "frames"), [("b.tif", ["a", "c"]), ("b.tif", []), ("x2.tif", ["a1", "a3"])])
def test_what_may_be_a_frame_by_its_name_is_refused(tmp_path, name, frames):
    (dots(tmp_path / "f", frames) / name).write_bytes(b"")
    with pytest.raises(DataError, match=f"{name}: only PNG and JPEG frames are read"):
        clip_files(tmp_path / "f")


def test_case_22_endings_in_capitals_and_other_names_of_jpeg(tmp_path):
    for name, ending in (("IMG_0030", ".JPG"), ("IMG_0031", ".JPEG"), ("IMG_0032", ".PNG")):
        clip(tmp_path / "truth", [name], ending=ending)
    for name, ending in (("IMG_0033", ".jfif"), ("IMG_0034", ".jpe")):
        clip(tmp_path / "truth", [name], ending=".jpg")
        (tmp_path / "truth" / f"{name}.jpg").rename(tmp_path / "truth" / f"{name}{ending}")
    for t in range(30, 35):
        save(tmp_path / "ours" / f"IMG_00{t}.png", view(0))
    run = score(tmp_path)
    assert " dB (per clip " in run.stdout and "over 5 frames" in run.stdout and not run.stderr
    assert np.isfinite(pd.read_csv(tmp_path / "s.csv").psnr_db).sum() == 4


@pytest.mark.parametrize("names", [["кадр 000", "кадр 001"], ["NA", "null"], ["a,b", 'a"c'], ["コマ1", "コマ2"]])
def test_case_37_names_of_any_alphabet(tmp_path, names):
    where = tmp_path / "съёмка 1"
    for side in ("truth", "ours"):
        clip(where / side / "é", names)
    assert "plain-rgb: identical over 2 frames" in score(where).stdout
    table = pd.read_csv(where / "s.csv", dtype=str, keep_default_na=False)
    assert table.frame.tolist() == sorted(names) and set(table.video) == {"é"}


@pytest.mark.parametrize("what", ["frame", "clip", "folder"])
def test_case_37_names_that_are_no_utf_8_are_refused_in_a_line(tmp_path, what):
    strange = os.fsdecode(b"\xb2\xe2\xca\xd4")
    truth = tmp_path / (strange if what == "folder" else "truth")
    clip(truth / (strange if what == "clip" else "v"), [strange if what == "frame" else "000"])
    said = refused(score(tmp_path, truth=str(truth), estimate=str(truth)), tmp_path)
    assert "in it is no UTF-8, and score files are; rename it" in said and said.isprintable()


def test_two_sizes_in_a_clip_are_refused(tmp_path):
    for side in ("truth", "ours"):
        clip(tmp_path / side / "a", ["000", "001"])
        clip(tmp_path / side / "b", ["000"], 24, 24)
    assert "identical over 3 frames" in score(tmp_path).stdout  # clips may differ
    (tmp_path / "s.csv").unlink()
    for side in ("truth", "ours"):
        clip(tmp_path / side / "a", ["002"], 24, 24)
    assert "truth/a/002.png is 24x24, but truth/a/000.png is 64x48" in refused(score(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("names", "notice"),
    [
        ([f"{t:03d}_{kind}" for t in range(3) for kind in ("input", "out")], "are of 2 kinds (#_input, #_out)"),
        (["000", "001", "001 (1)"], "are of 2 kinds (#, # (#))"),
        (["000", "001", "001 - Copy"], "are of 2 kinds (#, # - Copy)"),
        ([f"A{c}-{t}_out" for c in (1, 2) for t in (8, 9)], "its frames are of 2 (A1, A2)"),
        ([f"{t}fromGOPR{c}" for c in (1, 2) for t in (8, 9)], "its frames are of 2 ("),
        (["GOPR1-1", "GOPR2-1"], "its frames are of 2 (GOPR1, GOPR2)"),
        ([f"{t / 2:.1f}" for t in range(6)], ""), ([f"{t:04x}" for t in range(8, 14)], ""),
        ([f"{t}fromGOPR0950" for t in range(10, 13)], ""), (["12-00-01", "12-00-02", "12-01-01"], ""),
        ([f"frame_{t:04d}_out" for t in range(3)], ""), ([f"img ({t})" for t in (8, 9, 10)], ""),
    ],
)  # fmt: skip
def test_two_files_a_frame_or_several_clips_in_one_folder_are_said(tmp_path, capsys, names, notice):
    frame_files(dots(tmp_path / "f", names))
    said = capsys.readouterr().err
    assert notice in said and bool(said) == bool(notice)


@pytest.mark.parametrize("ending", ["_out", "-deblurred"])
def test_case_5_other_flat_names_count_as_one_clip_and_that_is_said(tmp_path, ending):
    for side in ("truth", "ours"):
        clip(tmp_path / side, [f"GOPR038{video}_11_00-{t:06d}{ending}" for video in (4, 5) for t in range(3)])
    run = score(tmp_path, protocols=("koehler",))
    assert "identical over 5 frames" in run.stdout and run.stderr.count("counts as one clip, though") == 2


def test_hexadecimal_numbers_are_paired_by_order(tmp_path):
    clip(tmp_path / "truth", [f"{t:04x}" for t in range(8, 18)])
    clip(tmp_path / "ours", [f"{t:04d}" for t in range(10)])
    for sides in (("truth", "ours"), ("ours", "truth")):
        run = score(tmp_path, "--frame-offset", "0", truth=sides[0], estimate=sides[1])
        assert "plain-rgb: identical over 10 frames" in run.stdout and not run.stderr


def test_case_1_clips_in_other_folders_are_named(tmp_path):
    for name in "ab":
        clip(tmp_path / "truth" / name, ["00000"])
        clip(tmp_path / "ours" / name / "png/output", ["01"])
    said = refused(score(tmp_path, "--frame-offset", "0"), tmp_path)
    assert "no frames of the clip 'a'; 2 of 2 clips are missing there; it has a/png/output, b/png/output" in said


@pytest.mark.parametrize("name", ["v1.0", "GOPR.2"])
def test_a_clip_with_a_dot_that_is_a_link_to_nothing_is_named(tmp_path, name):
    for side in ("truth", "ours"):
        clip(tmp_path / side / "a", ["000"])
    (tmp_path / "truth" / name).symlink_to(tmp_path / "gone")
    assert f"truth/{name}: this link leads to nothing" in refused(score(tmp_path), tmp_path)


def test_paths_are_those_of_the_folder_in_which_one_is_now(tmp_path, monkeypatch):
    """Processes that score side by side outlive a call of the API; a notebook may change its folder between two."""
    values = []
    for number, part in enumerate(("one", "two")):
        clip(tmp_path / part / "truth", ["0", "1"])
        clip(tmp_path / part / "ours", ["0", "1"])
        save(tmp_path / part / "ours/0.png", view(number))
        monkeypatch.chdir(tmp_path / part)
        values.append(np.isinf(pvdbench.score_folders("ours", "truth", "plain-rgb", jobs=2).psnr_db).tolist())
    assert values == [[True, True], [False, True]]


def test_one_file_for_two_clips_is_refused(tmp_path):
    folder = tmp_path / "methods/theirs"
    folder.mkdir(parents=True)
    card = "kind: folder\ntask: deblur\nlabel: Theirs\ncitation: none\nframes: {path: 'r/{number}.png'}\n"
    (folder / "method.yaml").write_text(card)
    frame = FrameFiles("0", tmp_path / "0.png", None, None, None)
    refuse_truth(tmp_path / "methods", "theirs", [ClipFiles("a", (frame,))], truth=False)
    with pytest.raises(MethodError, match="would be the result of 'a/0' and of 'b/0'; tell clips apart by"):
        refuse_truth(tmp_path / "methods", "theirs", [ClipFiles(video, (frame,)) for video in "ab"], truth=False)


@pytest.mark.parametrize("first", [1, 2])
def test_names_that_only_count_from_elsewhere_are_not_called_missing(tmp_path, first):
    clip(tmp_path / "truth", [f"{t:05d}" for t in range(10)])
    clip(tmp_path / "ours", [f"{t:02d}" for t in range(first, first + 10)])
    said = refused(score(tmp_path), tmp_path)
    assert f"{first} of 10 have none: if only their count begins elsewhere, pair by order" in said
    assert "identical over 10 frames" in score(tmp_path, "--frame-offset", "0").stdout


def test_estimates_that_an_offset_pairs_with_other_names_are_said(tmp_path):
    clip(tmp_path / "truth", [f"{t:03d}" for t in range(6)])
    for t in range(2, 6):
        save(tmp_path / "ours" / f"{t:03d}.png", view(3 * t))
    wrong, right = score(tmp_path, "--frame-offset", "0"), score(tmp_path, "--frame-offset", "2")
    assert "every estimate has a truth of its name, and pairs by order are others: 000 and 002" in wrong.stderr
    assert "identical over 4 frames" in right.stdout and "every estimate" not in right.stderr


@pytest.mark.parametrize(("names", "gap"), [(["1403636579763555584", "1403636579813555456", "1403636579863555584"], ""),
                                            (["0", "40", "120", "160"], "between '40' and '120'")])  # fmt: skip
def test_times_of_frames_are_unequal_but_have_no_gap(tmp_path, names, gap):
    clip(tmp_path / "ours", names)
    clip(tmp_path / "truth", range(len(names)))
    run = score(tmp_path, "--frame-offset", "0")
    assert gap in one_line(run) if gap else "identical over 3 frames" in run.stdout


@pytest.mark.parametrize("truth", ["a.png", "a.mp4"])
def test_a_file_in_place_of_a_folder_is_called_one(tmp_path, truth):
    save(tmp_path / "a.png", view(0)).rename(tmp_path / truth)
    assert f"{truth}: this is a file, where a folder" in refused(score(tmp_path, truth=truth), tmp_path)


def test_a_clip_that_is_empty_on_both_sides_is_said(tmp_path):
    for side in ("truth", "ours"):
        clip(tmp_path / side / "a", ["0"])
        (tmp_path / side / "b").mkdir()
    run = score(tmp_path)
    assert run.returncode == 0 and run.stderr.count("1 passed over that is no frame: b/") == 2


def test_cases_1_and_2_lists_of_paths_that_are_sorted_as_text_are_refused(tmp_path, capsys):
    for t in range(1, 13):
        save(tmp_path / "in" / f"{t}.png", np.full((24, 24, 3), 20 * t, np.uint8))
        save(tmp_path / "truth" / f"{t:05d}.png", np.full((24, 24, 3), 20 * t, np.uint8))
    text, truth = sorted((tmp_path / "in").iterdir()), sorted((tmp_path / "truth").iterdir())
    time = [tmp_path / "in" / f"{t}.png" for t in range(1, 13)]
    for wrong in (text, list(map(str, text))):
        with pytest.raises(DataError, match="frames: they are sorted as text, so that '10' comes before '2'; sort"):
            pvdbench.deblur(wrong, "input")
    with pytest.raises(DataError, match="estimates: they are sorted as text"):
        pvdbench.score_frames(text, truth, "plain-rgb")
    assert [frame[0, 0, 0] for frame in pvdbench.deblur(time, "input")] == [*range(20, 241, 20)]
    assert len(pvdbench.deblur(time[::-1], "input")) == 12
    assert np.isinf(pvdbench.score_frames(text, text, "plain-rgb").psnr_db).all()  # of one order, so paired rightly
    assert not capsys.readouterr().err
    pvdbench.deblur([*time[6:], *time[:6]], "input")
    assert "frames: they are taken in the order given, in which '7' comes before '1'" in capsys.readouterr().err


@pytest.mark.parametrize(("numbers", "gap"), [((1, 2, 4, 5, 6), "between '0002' and '0004'\n"), ((0, 7, 14), ""),
                                              ((1, 2, 3, 9), "between '0003' and '0009'"), ((1, 5, 6), ""),
                                              ((0, 33, 67, 100, 133), "")])  # fmt: skip
def test_numbers_that_jump_are_said(tmp_path, capsys, numbers, gap):
    frame_files(dots(tmp_path / "f", [f"{number:04d}" for number in numbers]))
    said = capsys.readouterr().err
    assert gap in said and bool(said) == bool(gap)


def test_a_folder_in_place_of_frames_is_called_one(tmp_path):
    clip(tmp_path / "in", ["0"])
    with pytest.raises(DataError, match="in: this is a folder, where one PNG or JPEG is needed"):
        pvdbench.deblur(tmp_path / "in", "input")


def test_a_result_that_is_a_link_to_nothing_is_called_one(tmp_path):
    clip(tmp_path / "r", ["a", "b"])
    (tmp_path / "r/c.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(MethodError, match=r"r/c\.png: this link leads to nothing"):
        list(PrecomputedFrames(tmp_path, FramesTemplate(path="r/{frame}.png")).deblur(_Clip()))
