"""Scoring that is killed goes on: no clip that was finished is scored again, and the file is the same."""

import ast
import os
import signal
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from conftest import make_dataset

from pvdbench.io import half_done
from pvdbench.io.half_done import program_identity
from pvdbench.scoring import dataset as scoring
from pvdbench.scoring.dataset import ScoredRow, score_row

CLIPS = 5
CODE = Path(half_done.__file__).parents[1]


@pytest.fixture
def row(tmp_path):
    data = make_dataset(tmp_path / "tiny", videos=[f"{n}" for n in range(CLIPS)], frames=3, size=(48, 64))
    for path in data.glob("*/input/*.png"):
        out = tmp_path / "frames" / path.parts[-3] / path.name
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(path.read_bytes())
    return ScoredRow("tiny", "m", "deblur", data, tmp_path / "frames")


def score(row, folder, **how):
    score_row(row, folder / "s.csv", protocols=["all"], half=folder / "half", **how)
    assert not (folder / "half").exists()
    return (folder / "s.csv").read_bytes()


def killed(row, folder, monkeypatch, after):
    """Score in a process that kill -9 ends while it scores a frame."""
    score_frame, count = scoring._score_frame, [0]

    def one(job, read):
        count[0] += 1
        if count[0] > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return score_frame(job, read)

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "_score_frame", one)
        if (pid := os.fork()) == 0:
            score_row(row, folder / "s.csv", protocols=["all"], half=folder / "half")
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL


def frames_scored(monkeypatch):
    score_frame, seen = scoring._score_frame, []

    def one(job, read):
        seen.append((job.clip.video, job.number))
        return score_frame(job, read)

    monkeypatch.setattr(scoring, "_score_frame", one)
    return seen


def test_kills_repeat_the_clip_in_flight_and_change_no_byte(row, tmp_path, monkeypatch):
    whole = score(row, tmp_path / "whole")
    for after in (4, 0, 5):  # 1 clip and a frame; nothing; 1 clip and 2 frames
        killed(row, tmp_path / "half-done", monkeypatch, after)
    seen = frames_scored(monkeypatch)
    assert score(row, tmp_path / "half-done") == whole
    assert seen == [(video, t) for video in "234" for t in range(3)]


def test_processes_go_on_too(row, tmp_path, monkeypatch):
    whole = score(row, tmp_path / "whole")
    killed(row, tmp_path / "half-done", monkeypatch, 7)
    assert score(row, tmp_path / "half-done", jobs=2) == whole


def test_a_frame_that_changed_scores_everything_again(row, tmp_path, monkeypatch, capsys):
    killed(row, tmp_path / "half-done", monkeypatch, 7)
    os.utime(row.estimates / "4" / "00001.png")
    seen = frames_scored(monkeypatch)
    score(row, tmp_path / "half-done")
    assert len(seen) == 3 * CLIPS and "since then there changed the files" in capsys.readouterr().err


def test_the_program_names_every_library_that_computes_scores():
    """Whatever pvdbench imports for them, but for what neither computes nor decodes."""
    others = {"pydantic", "joblib", "threadpoolctl", "distributed", "yaml", "tqdm", "safetensors", "natsort"}
    others |= {"pandas", "pyarrow"}  # which hold and split tables
    files = [path for part in ("core", "io", "scoring") for path in (CODE / part).rglob("*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    used = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - others - {"pvdbench"}
    assert {"torch", "cv2", "pyspng"} <= used
    named = {name.split()[0].replace("_", "-") for name in program_identity()["libraries"].split(", ")}
    for library in used:
        assert named & {name.replace("_", "-") for name in packages_distributions()[library]}, library
