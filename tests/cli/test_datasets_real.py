"""verify, add and synthesize as a user meets them."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from command import one_line, pvdbench, pvdbench_here

from pvdbench.io.tables import SPLITS
from pvdbench.io.video.writing import VideoWriter


@pytest.fixture
def video(tmp_path):
    """Nine frames of a bar that walks right."""
    path = tmp_path / "walk.mkv"
    with VideoWriter(path, Fraction(240), lossless=True) as writer:
        for t in range(9):
            frame = np.full((32, 48, 3), 40, np.uint8)
            frame[:, 4 * t : 4 * t + 8] = 220
            writer.write(frame)
    return path


def test_from_a_video_to_a_data_set(video, tmp_path):
    made = pvdbench(
        "datasets", "synthesize", str(video), "--out", "made", "--window", "3", "--stride", "3", cwd=tmp_path
    )
    assert made.returncode == 0 and "made/walk: 3 frames, input PSNR median" in made.stdout, made.stderr
    added = pvdbench_here("datasets", "add", "own", "made", cwd=tmp_path)
    assert added.returncode == 0 and "test: 1 videos, 3 frames" in added.stdout, added.stderr
    assert (tmp_path / "data/own/manifest.csv").exists()
    again = one_line(pvdbench_here("datasets", "add", "own", "made", cwd=tmp_path))
    assert "there is a data set of this name" in again


def test_an_even_window_is_refused(video, tmp_path):
    run = pvdbench_here("datasets", "synthesize", str(video), "--out", "made", "--window", "6", cwd=tmp_path)
    assert "6 is no odd number from 3" in one_line(run) and not (tmp_path / "made").exists()


def test_verify_prints_its_table_and_refuses_a_shorter_video(video, tmp_path):
    pvdbench("datasets", "synthesize", str(video), "--out", "made", "--window", "3", "--stride", "3", cwd=tmp_path)
    base = tmp_path / "data/nah/test"
    base.mkdir(parents=True)
    (tmp_path / "made/walk").rename(base / "GOPR0384_11_00")
    (base / "GOPR0384_11_00/blur").rename(base / "GOPR0384_11_00/blur_gamma")
    row = ("nah", "test", "GOPR0384_11_00", 3, "00000", "00002", True)
    pd.DataFrame([row], columns=list(SPLITS)).to_csv(tmp_path / "splits.csv", index=False)
    whole = pvdbench("datasets", "verify", "nah", "--splits", "splits.csv", cwd=tmp_path)
    assert whole.returncode == 0 and "test: 1 videos, 3 frames" in whole.stdout, whole.stderr
    assert len((tmp_path / "data/nah/manifest.csv").read_text().splitlines()) == 4
    linear = pvdbench("datasets", "verify", "nah-linear", "--splits", "splits.csv", cwd=tmp_path)
    assert "blur: this folder of frames is not there" in one_line(linear)
    (base / "GOPR0384_11_00/sharp/00001.png").unlink()
    assert "1 of 3 are missing, 00001 the first" in one_line(
        pvdbench("datasets", "verify", "nah", "--splits", "splits.csv", cwd=tmp_path)
    )
