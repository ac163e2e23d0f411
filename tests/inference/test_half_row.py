"""A row that is killed at any moment, and the same command again: no more than the clip in flight runs twice."""

import json
import random
import shutil
import signal
import time
from dataclasses import replace

import clip_rows
import pytest
from clip_rows import cost, results, row, start
from conftest import make_dataset

from pvdbench.inference import runner
from pvdbench.inference.finished import FinishedClips
from pvdbench.inference.runner import run_row
from pvdbench.io.frame_folders import read_failure

CLIPS = 14
KILLS = 10


def test_ten_kills_repeat_the_clip_in_flight_and_change_no_byte(tmp_path):
    make_dataset(tmp_path / "tiny", videos=[f"{number:02d}" for number in range(CLIPS)], frames=4, size=(16, 24))
    undisturbed = row(tmp_path, "counting", out="undisturbed", options={"begun": ""})
    assert run_row(undisturbed) == ""
    moments, killed = random.Random(0), 0
    own = row(tmp_path, "counting")
    for _ in range(KILLS):
        before = len(_finished(own))
        running = start(tmp_path, "counting", 1)
        while running.poll() is None and len(_finished(own)) == before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.1))
        killed += running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert killed >= KILLS // 2 and not own.out.exists()
    last = start(tmp_path, "counting", 1)
    said, _ = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert results(own) == results(undisturbed)
    begun = (tmp_path / "begun").read_text().splitlines()
    assert len(begun) <= CLIPS + killed and set(begun) == {f"{number:02d}" for number in range(CLIPS)}
    assert cost(own)["commands"] == killed + 1 and cost(own)["frames"] == CLIPS * 4 and not own.half.exists()


def _finished(run):
    return list(run.half.glob("*/*/clip.json"))


@pytest.fixture
def half(tmp_path, monkeypatch):
    """A row of which two clips of three are finished, as kill -9 leaves it: nothing tidied it up."""
    make_dataset(tmp_path / "tiny", videos=("a", "b", "c"), frames=4, size=(16, 24))
    own = row(tmp_path, "counting", options={"begun": f"{tmp_path}/begun"})
    _stop_after(own, monkeypatch, 2)
    return own


class Killed(BaseException):
    pass


def _stop_after(own, monkeypatch, clips):
    def run_clips(share):
        share = replace(share, numbers=share.numbers[:clips])
        assert run_all(share) is None
        raise Killed

    run_all = runner.run_clips
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(runner, "run_clips", run_clips)
        run_row(own)
    (own.half.parents[2] / "begun").unlink(missing_ok=True)
    (own.out.parents[2] / "begun").unlink(missing_ok=True)


def _begun(own):
    return (own.out.parents[2] / "begun").read_text().split()


def test_finished_clips_are_taken_over(half):
    assert run_row(half) == "" and _begun(half) == ["c"]
    assert cost(half)["commands"] == 2 and cost(half)["frames"] == 12 and not half.half.exists()


def test_what_is_shared_goes_on_what_was_not(half, tmp_path):
    assert run_row(replace(half, jobs=2)) == "" and _begun(half) == ["c"]


@pytest.mark.parametrize("what", ["frame", "threads", "options", "code", "method"])
def test_clips_of_anything_else_are_run_again(half, tmp_path, what, capsys):
    changed = half
    if what == "frame":
        shutil.copy(tmp_path / "tiny/a/input/00001.png", tmp_path / "tiny/b/input/00001.png")
    elif what == "threads":
        changed = replace(half, threads=2)
    elif what == "options":
        changed = replace(half, options=half.options | {"x": 1})
    elif what == "code":
        changed = replace(half, code=tmp_path / "tiny" / "manifest.csv")
    else:
        adapter = tmp_path / "methods" / "counting" / "adapter.py"
        adapter.write_text(adapter.read_text().replace("f / 2", "f / 4"))
    assert run_row(changed) == "" and _begun(half) == ["a", "b", "c"] and "commands" not in cost(half)
    assert "an interrupted command's clips are run again: since then there changed" in capsys.readouterr().err


def test_a_clip_whose_files_changed_is_run_again(half):
    frame = next(half.half.glob("*/00001/frames/00002.png"))
    frame.write_bytes(frame.read_bytes()[:-1])
    (next(half.half.glob("*/00000")) / "clip.json").write_text("{")
    assert run_row(half) == "" and _begun(half) == ["a", "b", "c"]


def test_clips_that_are_the_truth_are_refused_when_taken_over(tmp_path, monkeypatch):
    make_dataset(tmp_path / "tiny", videos=("a", "b"), frames=4, size=(16, 24))
    body = f"""from pathlib import Path
        from pvdbench.methods.clip import Clip
        yield from Clip([Path('{tmp_path}/tiny', clip.video, 'GT', name + '.png') for name in clip.names])"""
    monkeypatch.setitem(clip_rows.METHODS, "cheat", body)
    own = row(tmp_path, "cheat")
    _stop_after(own, monkeypatch, 1)
    assert "all of its frames are copies of the data set's sharp ones" in run_row(own) == read_failure(own.out)
    assert not own.half.exists()


def test_what_an_interrupted_upper_bound_left_in_its_folder_is_found(tmp_path, monkeypatch):
    make_dataset(tmp_path / "tiny", videos=("a", "b"), frames=4, size=(16, 24))
    body = f"open('{tmp_path}/methods/bound/' + clip.video, 'w').close()\n        yield from clip.truth"
    monkeypatch.setitem(clip_rows.METHODS, "bound", body)
    own = row(tmp_path, "bound")
    card = tmp_path / "methods" / "bound" / "method.yaml"
    card.write_text(card.read_text() + "upper_bound: true\n")
    _stop_after(own, monkeypatch, 1)
    assert "bound/a of the method's own folder was changed while it ran" in run_row(own)


def test_a_failure_leaves_nothing_to_take_over(half, monkeypatch):
    adapter = half.methods / "counting" / "adapter.py"
    adapter.write_text(adapter.read_text() + "\n    deblur = None\n")
    assert run_row(half) and not half.half.exists()


def test_a_row_of_one_clip_keeps_nothing(tmp_path, monkeypatch):
    make_dataset(tmp_path / "tiny", videos=("a",), frames=4, size=(16, 24))
    own = row(tmp_path, "windowed")
    monkeypatch.setattr(runner, "HalfDone", None)
    assert run_row(replace(own, half=None)) == "" and len(results(own)) == 5
    assert list(own.out.iterdir()) == [own.out / "a"]


def test_a_damaged_record_costs_time_alone(half):
    (half.half / "record.json").write_text(json.dumps({"identity": 3}))
    assert run_row(half) == "" and 1 <= len(_begun(half)) <= 3


def test_a_clip_is_finished_whole_or_not_at_all(tmp_path):
    finished = FinishedClips(tmp_path)
    with pytest.raises(RuntimeError), finished.adding(3) as (folder, _):
        (folder / "x.png").write_bytes(b"half")
        raise RuntimeError
    assert 3 not in finished and list(tmp_path.iterdir()) == []
