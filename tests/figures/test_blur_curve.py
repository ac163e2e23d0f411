"""The tenths of blur and the steadiness of video, recomputed with plain pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from fake_study import DEBLUR, RANKING, SIZES, TABLE_PARAMS, make_fake_study

from pvdbench.core.errors import DataError
from pvdbench.tables.build import build_tables


def _build(study):
    build_tables(study.root, study.root, datasets=[study.dataset], params=TABLE_PARAMS, ranking=RANKING)
    return study.root / "reports" / "tables"


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Clips of 23 frames, 22 of them counted."""
    return make_fake_study(tmp_path_factory.mktemp("long") / "study", frames=23, width=32, height=24)


def test_every_tenth_of_every_row(long):
    table = pd.read_csv(_build(long) / "sample-quantiles.csv").set_index("row")
    truth = pd.read_csv(long.root / "data/truth/sample/truth.csv", dtype={"frame": str})
    assert list(table.index) == list(dict.fromkeys([*DEBLUR, *SIZES]))
    for row in table.index:
        scores = pd.read_csv(long.root / f"data/scores/deblur/sample/{row}.csv", dtype={"frame": str})
        scores = scores[(scores.protocol == "koehler") & scores.counted]
        scores = scores.merge(truth[["video", "frame", "blurriness_db"]], on=["video", "frame"], how="left")
        ranks = scores.groupby("video").blurriness_db.rank(method="first") - 1
        tenth = np.floor((ranks + 0.5) / 22 * 10)
        for number in range(10):
            key = f"psnr_db_{10 * number}_{10 * number + 10}"
            assert table.loc[row, key] == pytest.approx(scores[tenth == number].psnr_db.mean(), abs=1e-12)
            assert table.loc[row, f"{key}_low"] <= table.loc[row, key] <= table.loc[row, f"{key}_high"]


def test_a_tenth_without_frames_is_empty(fake):
    folder = _build(fake)
    assert pd.read_csv(folder / "sample-quantiles.csv")["psnr_db_10_20"].isna().all()  # seven frames a clip
    assert "ranked by the PSNR of the blurry frame under plain-rgb" in (folder / "sample-quantiles.md").read_text()


def _temporal(root, row):
    """The frames of a row under `temporal`, with the truth's own warping error."""
    scores = pd.read_csv(root / f"data/scores/deblur/sample/{row}.csv", dtype={"frame": str})
    truth = pd.read_csv(root / "data/truth/sample/truth.csv", dtype={"frame": str}).set_index(["video", "frame"])
    of_truth = truth["warping_error_db"].rename("truth_warping_error_db")
    return scores[scores["protocol"] == "temporal"].join(of_truth, on=["video", "frame"])


def test_steadiness_is_averaged_over_the_frames_that_have_it(fake):
    table = pd.read_csv(_build(fake) / "sample-temporal.csv").set_index("row")
    for row in table.index:
        scores = _temporal(fake.root, row)
        for quantity in ("warping_error_db", "truth_warping_error_db", "tof_px"):
            assert table.loc[row, quantity] == pytest.approx(scores[quantity].mean(), abs=1e-12)
            assert table.loc[row, f"{quantity}_low"] <= table.loc[row, quantity] <= table.loc[row, f"{quantity}_high"]
        assert table.loc[row, ["frames", "frames_tof"]].tolist() == [14, 21]


def test_the_steadiest_is_best_in_its_own_direction(fake):
    text = (_build(fake) / "sample-temporal.md").read_text().splitlines()
    table = pd.read_csv(fake.root / "reports/tables/sample-temporal.csv")
    lines = {line.split("|")[1].strip().replace("\\", ""): line.split("|") for line in text if line.startswith("| ")}
    assert "**" in lines[table.label[table.warping_error_db.idxmax()]][2]
    assert "**" in lines[table.label[table.tof_px.idxmin()]][4]


def test_frames_that_do_not_move_or_have_no_flow_are_told(own):
    path = own.root / "data/scores/deblur/sample/mc.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    temporal = table["protocol"] == "temporal"
    table.loc[temporal & (table.frame == "00002"), "warping_error_db"] = math.inf
    table.to_csv(path, index=False)
    read = pd.read_csv(_build(own) / "sample-temporal.csv").set_index("row").loc["mc"]
    known = table.warping_error_db[temporal & np.isfinite(table.warping_error_db)]
    assert read.warping_error_db == pytest.approx(known.mean()) and read.warping_error_db_identical == 3
    assert (read.frames, read.frames_tof) == (15, 21)
    table.loc[temporal, "tof_px"] = math.nan
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"mc\.csv: line \d+ \(clip0, 00001, temporal\): there is no tof_px"):
        _build(own)
