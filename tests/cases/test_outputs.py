"""Outputs that would replace what is not theirs: somebody's folders and files, the input, results that were changed."""

import json
import os
import shutil

import av
import numpy as np
import pytest
import torch
from command import one_line, pvdbench_here
from conftest import METHODS
from safetensors.torch import save_file
from sample_clips import clip, pair, save, video, view

from pvdbench.core.errors import WriteError
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.io.owned import MARKER
from pvdbench.io.weights import load_weights, save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_trainable


@pytest.fixture
def run(tmp_path):
    """Run a command in an empty folder with a clip `in` and a short film `walk.mkv`."""
    clip(tmp_path / "in", ["0", "1"])
    video(tmp_path / "walk.mkv", [view(3 * t) for t in range(6)], codec="ffv1", pixels="bgr0")
    return lambda *words: pvdbench_here(*words, cwd=tmp_path)


def deblur(run, out, *more, source="in"):
    return run("deblur", source, "--method", "input", "--methods", METHODS, "--out", out, *more)


def flow(run, out, *more):
    return run("flow", "in/0.png", "in/1.png", "--method", "static", "--methods", METHODS, "--out", out, *more)


def synthesize(run, out, *more, source="walk.mkv"):
    return run("datasets", "synthesize", source, "--out", out, "--window", "3", "--stride", "3", *more)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def somebodys(folder):
    """A folder of somebody's pictures and notes."""
    save(folder / "original_0.png", view(90))
    (folder / "notes.txt").write_text("mine")
    return contents(folder)


# case 26: blur by a power, and the data loss


def test_blur_is_the_mean_in_light(run, tmp_path):
    frames = [np.full((48, 64, 3), value, np.uint8) for value in (255, 0, 0) * 2]
    video(tmp_path / "b.mkv", frames, codec="ffv1", pixels="bgr0")
    for out, value, more in (("made", 155, ()), ("lin", 85, ("--gamma", "1"))):
        assert synthesize(run, out, *more, source="b.mkv").returncode == 0
        for kind, expected in (("blur", value), ("sharp", 0)):
            paths = sorted((tmp_path / out / "b" / kind).iterdir())
            assert [path.name for path in paths] == ["00000.png", "00001.png"]
            with av.open(str(paths[0])) as picture:
                assert np.unique(next(picture.decode(video=0)).to_ndarray(format="rgb24")).tolist() == [expected]


@pytest.mark.parametrize(
    "more",
    [("--gamma", "nan"), ("--gamma", "inf"), ("--gamma", "1e9"), ("--gamma", "1e-9"), ("--gamma", "-1"),
     ("--scale", "nan"), ("--scale", "inf"), ("--scale", "2"), ("--scale", "0"), ("--window", "4")],
)  # fmt: skip
def test_numbers_that_make_no_blur_are_refused(run, tmp_path, more):
    done = synthesize(run, "made", *more)
    assert done.returncode == 2 and not (tmp_path / "made").exists(), done.stderr


def test_synthesize_beside_the_video_deletes_nothing(run, tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "walk.mkv").rename(tmp_path / "clips/walk.mkv")
    before = somebodys(tmp_path / "clips/walk")
    said = one_line(synthesize(run, "clips", source="clips/walk.mkv"))
    assert "clips/walk: 'notes.txt' in it was not written by pvdbench" in said and "--overwrite" in said
    assert contents(tmp_path / "clips/walk") == before
    done = synthesize(run, "clips", "--overwrite", source="clips/walk.mkv")
    assert done.returncode == 0 and not (tmp_path / "clips/walk/notes.txt").exists(), done.stderr
    assert (tmp_path / "clips/walk.mkv").is_file()


def test_frames_of_unequal_times_are_averaged_with_a_word(run, tmp_path):
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for t, tick in enumerate((0, 1, 2, 7, 8, 9)):
            frame = av.VideoFrame.from_ndarray(view(3 * t), format="rgb24")
            frame.pts = tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "do not come at equal times" in synthesize(run, "m", source="v.mkv").stderr
    assert "equal times" not in synthesize(run, "m").stderr


# somebody's folders, and our own


@pytest.mark.parametrize("make", [deblur, synthesize])
def test_a_folder_is_written_again_until_somebody_changes_it(run, tmp_path, make):
    out = tmp_path / ("o" if make is deblur else "o/walk")
    assert make(run, "o").returncode == 0
    first = contents(out)
    assert set(json.loads((out / MARKER).read_text())["sha256"]) == {p.as_posix() for p in first if p.name != MARKER}
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (out / name).write_bytes(b"of a desktop")
    assert make(run, "o").returncode == 0 and contents(out) == first
    (out / "notes.txt").write_text("mine")
    assert "'notes.txt' in it was not written by pvdbench" in one_line(make(run, "o"))
    (out / "notes.txt").unlink()
    frame = sorted(out.rglob("*.png"))[0]
    save(frame, view(200))
    assert f"'{frame.relative_to(out)}' in it was not written" in one_line(make(run, "o"))
    assert make(run, "o", "--overwrite").returncode == 0 and contents(out) == first


def test_a_folder_of_another_command_is_refused(run, tmp_path):
    assert synthesize(run, "made").returncode == 0
    before = contents(tmp_path / "made")
    for out in ("made/walk", "made"):
        assert "was not written by pvdbench deblur" in one_line(deblur(run, out))
    assert contents(tmp_path / "made") == before


def pictures(folder):
    clip(folder, ["holiday_1", "holiday_2"])


def same_names(folder):
    clip(folder, ["0", "1"])


def deep(folder):
    clip(folder / "raw" / "more", ["0"])


def a_link(folder):
    folder.mkdir()
    (folder / "0.png").symlink_to(folder.parent / "in/0.png")


def foreign_marker(folder):
    clip(folder, ["0"])
    (folder / MARKER).write_text("{}")


@pytest.mark.parametrize("somebody", [pictures, same_names, deep, a_link, foreign_marker])
@pytest.mark.parametrize("behind_a_link", [False, True])
def test_somebodys_folder_is_refused(run, tmp_path, somebody, behind_a_link):
    somebody(tmp_path / "theirs")
    before = contents(tmp_path / "theirs")
    if behind_a_link:
        (tmp_path / "link").symlink_to("theirs")
    assert "was not written by pvdbench" in one_line(deblur(run, "link" if behind_a_link else "theirs"))
    assert contents(tmp_path / "theirs") == before


def test_an_empty_folder_is_free_and_a_link_stays_one(run, tmp_path):
    (tmp_path / "disk/there").mkdir(parents=True)
    (tmp_path / "o").symlink_to("disk/there")
    for _ in range(2):
        assert deblur(run, "o").returncode == 0
    assert (tmp_path / "o").is_symlink() and (tmp_path / "disk/there/1.png").is_file()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["there"]


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_the_input_is_never_replaced(run, tmp_path, more):
    (tmp_path / "other").symlink_to("in")
    (tmp_path / "all").mkdir()
    shutil.copytree(tmp_path / "in", tmp_path / "all/in")
    shutil.copy(tmp_path / "walk.mkv", tmp_path / "all/walk.mkv")
    os.link(tmp_path / "walk.mkv", tmp_path / "hard.mkv")
    (tmp_path / "made").mkdir()
    (tmp_path / "made/walk").symlink_to("../all")
    before = contents(tmp_path)
    for out, source in (("in", "in"), ("other", "in"), ("in", "other"), ("all", "all/in"), ("all", "all/walk.mkv"),
                        ("walk.mkv", "walk.mkv"), ("hard.mkv", "walk.mkv"), (".", "in"),
                        ("in/../in", "in")):  # fmt: skip
        said = one_line(deblur(run, out, *more, source=source))
        assert "this is the input" in said or "lies in it" in said
    assert "lies in it" in one_line(synthesize(run, "made", *more, source="all/walk.mkv"))
    shutil.copytree(METHODS / "input", tmp_path / "own/input")
    done = run("deblur", "in", "--method", "input", "--methods", "own", "--out", "own", *more)
    assert "own/input lies in it" in one_line(done)
    shutil.rmtree(tmp_path / "own")
    assert contents(tmp_path) == before
    assert deblur(run, "in/sharp", *more).returncode == 0  # beside the frames nothing is lost
    assert (tmp_path / "in/0.png").is_file()


@pytest.mark.parametrize("name", ["loop", "v1.5", "x.mkv.frames"])
def test_a_link_to_itself_and_names_with_points_are_free(run, tmp_path, name):
    if name == "loop":
        (tmp_path / name).symlink_to(name)
    assert deblur(run, name).returncode == 0 and (tmp_path / name / "1.png").is_file()


@pytest.mark.parametrize(("window", "take"), [(1, 3), (-3, 3), (4, 5), (0, 3)])
def test_an_odd_window_is_proposed(run, window, take):
    assert f"take {take}" in one_line(synthesize(run, "m", "--window", str(window)))


def test_a_line_is_shorter_than_300(run):
    assert len(one_line(deblur(run, "x" * 400))) < 300
    assert len(one_line(deblur(run, "o", source="x" * 200 + "/" + "y" * 200))) < 300


def test_a_file_where_a_folder_is_wanted_and_the_other_way_round(run, tmp_path):
    (tmp_path / "out").write_text("mine")
    for more in ((), ("--overwrite",)):
        assert "out: a file has this name, where a folder is" in one_line(deblur(run, "out", *more))
        for name, make in (("o.mp4", deblur), ("o.flo", flow)):
            (tmp_path / name).mkdir(exist_ok=True)
            assert "a folder has this name, where a file is" in one_line(make(run, name, *more))
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv"])
def test_somebodys_video_is_refused_and_ours_replaced(run, tmp_path, name):
    video(tmp_path / name, [view(0)] * 3)
    before = (tmp_path / name).read_bytes()
    assert f"{name}: this file was not written by pvdbench" in one_line(deblur(run, name, source="walk.mkv"))
    assert (tmp_path / name).read_bytes() == before
    assert deblur(run, name, "--overwrite", source="walk.mkv").returncode == 0
    assert deblur(run, name, source="walk.mkv").returncode == 0
    (tmp_path / name).write_text("a file of text")
    assert "was not written by pvdbench" in one_line(deblur(run, name))


@pytest.mark.parametrize("name", ["o.mov", "o.avi", "o.MOV", "o.png", "o.jpg", "o.webm", "o.gif", "o.m2ts", "o.exr",
                                  "o.h264", "o.zip"])
def test_endings_that_no_result_has_are_refused(run, tmp_path, name):
    assert "name a folder, or a file ending in .mp4 or .mkv" in one_line(deblur(run, name))
    assert not (tmp_path / name).exists()


# case 33: names of flow files


@pytest.mark.parametrize("name", ["f.png", "f", "f.PNG", "f.flow", "f.npy", "f.flo.png"])
def test_a_flow_that_is_no_flo_is_refused(run, tmp_path, name):
    assert "name a file ending in .flo" in one_line(flow(run, name))
    assert not list(tmp_path.glob("f*"))


def test_a_flow_and_its_picture_replace_themselves_alone(run, tmp_path):
    for _ in range(2):
        assert flow(run, "f.flo").returncode == 0
    written = (tmp_path / "f.flo").read_bytes()
    assert written[:4] == b"PIEH" and np.frombuffer(written, "<i4", 2, 4).tolist() == [64, 48] and len(written) == 24588
    for name in ("f.flo", "f.png"):
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(b"somebody's" + kept)
        assert "was not written by pvdbench" in one_line(flow(run, "f.flo"))
        assert (tmp_path / name).read_bytes() == b"somebody's" + kept
        assert flow(run, "f.flo", "--overwrite").returncode == 0
    save(tmp_path / "g.png", view(0))
    assert "g.png: this file was not written by pvdbench" in one_line(flow(run, "g.flo"))
    assert "this is the input" in one_line(flow(run, "in/0.flo"))


# files of scores and of weights


def score(run, out, *more):
    return run("score", "folder", "--truth", "in", "--estimate", "in", "--protocol", "plain-rgb", "--out", out, *more)


OTHERS = {
    "a table": "clip,blur\na,3\n",
    "a manifest": "video,split,frame\na,test,0\n",
    "scores and notes": "dataset,method,task,video,frame,protocol,counted,psnr_db,notes\n",
    "no table": "\0\1",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_somebodys_table_is_refused_before_the_work(run, tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    said = one_line(score(run, "s.csv"))
    assert "s.csv: this file was not written by pvdbench" in said and "--overwrite" in said
    assert (tmp_path / "s.csv").read_text() == text
    assert score(run, "s.csv", "--overwrite").returncode == 0 and score(run, "s.csv").returncode == 0


def test_scores_are_made_again_and_an_empty_file_is_free(run, tmp_path):
    (tmp_path / "s.csv").touch()  # mktemp --suffix .csv
    assert score(run, "s.csv").returncode == 0
    first = (tmp_path / "s.csv").read_text()
    assert score(run, "s.csv").returncode == 0 and (tmp_path / "s.csv").read_text() == first
    (tmp_path / "s.csv").write_text(first.replace("plain-rgb,True", "plain-rgb,perhaps"))
    assert "or was changed since" in one_line(score(run, "s.csv"))


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint `a.pth` of a small network, and the words that import it."""
    network = load_trainable(METHODS, "dvd").build(read_card(METHODS, "dvd").chosen({"width": 0.0625}, ""))
    torch.save(network.state_dict(), tmp_path / "a.pth")
    return "weights", "import", "a.pth", "--method", "dvd", "--option", "width=0.0625", "--methods", METHODS, "--out"


def test_somebodys_weights_are_refused_and_imported_ones_replaced(run, tmp_path, checkpoint):
    for _ in range(2):
        assert run(*checkpoint, "o.safetensors").returncode == 0
    tensors, header = load_weights(tmp_path / "o.safetensors")
    save_file(tensors, tmp_path / "theirs.safetensors")
    save_weights(tmp_path / "trained.safetensors", tensors, {"network": header["network"], "steps": 10})
    (tmp_path / "text").write_text("mine")
    before = contents(tmp_path)
    for name in ("theirs.safetensors", "trained.safetensors", "text"):
        assert f"{name}: this file was not written by pvdbench" in one_line(run(*checkpoint, name))
    for name in ("a.pth", "./a.pth"):
        for more in ((), ("--overwrite",)):
            assert "this is the input" in one_line(run(*checkpoint, name, *more))
    assert contents(tmp_path) == before
    assert run(*checkpoint, "theirs.safetensors", "--overwrite").returncode == 0


def test_a_device_or_a_pipe_is_never_replaced(run, tmp_path, checkpoint):
    os.mkfifo(tmp_path / "pipe")
    for more in ((), ("--overwrite",)):
        assert "this is a device or a pipe" in one_line(run(*checkpoint, "pipe", *more))
    with pytest.raises(WriteError, match="a device or a pipe has this name"), replaced_file(tmp_path / "pipe"):
        pass
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_to_nothing_is_a_name_that_is_taken(run, tmp_path):
    pair(tmp_path / "pairs/a/blur", tmp_path / "pairs/a/sharp", ["0", "1", "2"])
    for folder in ("data", "m"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine").symlink_to("/a disk that is not there")
    assert "there is a data set of this name" in one_line(run("datasets", "add", "mine", "pairs", "--data", "data"))
    smoke = METHODS.parent / "studies" / "smoke"
    assert "there is a method of this name" in one_line(run("methods", "new", "mine", "--in", "m", "--study", smoke))
    assert (tmp_path / "data/mine").is_symlink() and (tmp_path / "m/mine").is_symlink()


def test_results_are_scored_without_a_word_of_our_own_mark(run):
    assert deblur(run, "o").returncode == 0
    done = run("score", "folder", "--truth", "in", "--estimate", "o", "--out", "s.csv")
    assert done.returncode == 0 and ".pvdbench" not in done.stderr


# the same command twice at once, and what a dead one leaves


@pytest.mark.parametrize("write", [replaced_file, replaced_folder])
def test_two_writers_at_once_do_not_meet(tmp_path, write):
    def fill(place, text):
        (place if write is replaced_file else place / "a").write_text(text)

    if write is replaced_folder:
        place = tmp_path / "o"
        place.mkdir()
        (place / "a").write_text("old")
    with write(tmp_path / "o") as first, write(tmp_path / "o") as second:
        fill(first, "first")
        fill(second, "second")
    assert [path.name for path in tmp_path.iterdir()] == ["o"]
    assert (tmp_path / ("o" if write is replaced_file else "o/a")).read_text() == "first"  # the later one stays


def test_what_a_dead_process_left_is_removed_and_what_it_put_aside_returns(tmp_path):
    with replaced_folder(tmp_path / "o") as partial:
        name = partial.name
    dead = name.replace(f"-{os.getpid()}-", "-4194999-")  # above the largest number of a process
    (tmp_path / dead).mkdir()
    (tmp_path / "o").rename(tmp_path / dead.replace(".partial", ".old.partial"))
    (tmp_path / "o.mine.partial").write_text("somebody's")
    with pytest.raises(KeyError), replaced_folder(tmp_path / "o"):
        raise KeyError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o", "o.mine.partial"]


def test_a_place_below_a_file_is_named(run, tmp_path, checkpoint):
    (tmp_path / "file").write_text("mine")
    for done in (deblur(run, "file/o"), synthesize(run, "file"), flow(run, "file/a/f.flo"), score(run, "file/s.csv"),
                 run(*checkpoint, "file/w.safetensors")):  # fmt: skip
        assert "file is a file, and " in one_line(done)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["w.pth", "w.PT", "w.pth.tar", "w.ckpt", "w.bin"])
def test_weights_are_not_called_as_what_others_would_read(run, tmp_path, checkpoint, name):
    assert "name a file ending in .safetensors" in one_line(run(*checkpoint, name))
    assert not (tmp_path / name).exists()


def test_the_picture_of_a_flow_among_frames_is_none(run, tmp_path):
    """Sintel and KITTI have flows beside frames of the same name: those frames stay."""
    shutil.copytree(tmp_path / "in", tmp_path / "ours")
    assert flow(run, "in/2.flo").returncode == 0 and (tmp_path / "in/2.png").is_file()
    (tmp_path / "in/1.flo").write_bytes((tmp_path / "in/2.flo").read_bytes())
    done = run("score", "folder", "--truth", "in", "--estimate", "ours", "--protocol", "plain-rgb", "--out", "s.csv")
    assert done.stdout == "plain-rgb: identical over 2 frames\n" and "2.png" in done.stderr, done.stderr
    assert deblur(run, "o").returncode == 0
    assert sorted(path.name for path in (tmp_path / "o").glob("*.png")) == ["0.png", "1.png"]


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_is_a_link_stays_one(run, tmp_path, checkpoint, there):
    """Whoever reads the file behind it would else read old numbers."""
    (tmp_path / "disk").mkdir()
    for name, make in (("s.csv", score), ("f.flo", flow), ("w.safetensors", lambda run, out: run(*checkpoint, out))):
        (tmp_path / name).symlink_to(f"disk/{name}")
        if there:
            (tmp_path / "disk" / name).touch()
        for _ in range(2):
            assert make(run, name).returncode == 0
        assert (tmp_path / name).is_symlink() and (tmp_path / "disk" / name).stat().st_size


def test_the_folder_that_one_is_in_stays(run, tmp_path):
    """It would be replaced by another one of its name, and the shell would be left in none."""
    (tmp_path / "o/sub").mkdir(parents=True)
    words = ("deblur", tmp_path / "o/../in", "--method", "input", "--methods", METHODS, "--out")
    for out, cwd in ((".", "o"), ("../../o", "o/sub"), (tmp_path / "o", "o")):
        assert "the folder that you are in" in one_line(pvdbench_here(*words, out, cwd=tmp_path / cwd))
    given = ("deblur", "../in", *words[2:])
    assert "the folder that you are in" in one_line(pvdbench_here(*given, ".", cwd=tmp_path / "o"))
    for out in ("here", "../p"):
        assert pvdbench_here(*given, out, cwd=tmp_path / "o").returncode == 0
    assert "whole disk" in one_line(deblur(run, "/proc", "--overwrite"))
