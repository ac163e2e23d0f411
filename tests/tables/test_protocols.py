"""One method under every protocol: every number recomputed with plain pandas, missing protocols, bad score files."""

import math

import numpy as np
import pandas as pd
import pytest
from fake_study import PROTOCOLS, RANKING, TABLE_PARAMS
from scipy import stats

from pvdbench.core.errors import DataError
from pvdbench.scoring.registry import protocols
from pvdbench.tables.inputs import read_context
from pvdbench.tables.protocols import lens_tables, read_lens

_STEPS = ["plain-rgb", "step-crop", "step-gain", "step-shift", "koehler"]


def _lens(study):
    context = read_context(study.root, study.dataset, TABLE_PARAMS, ranking=RANKING)
    return read_lens(study.root, context, TABLE_PARAMS)


def _scores(study):
    return pd.read_csv(_path(study), dtype={"frame": str})


def _path(study):
    return study.root / "data" / "scores" / "deblur" / study.dataset / "bimc-pv.csv"


def _rewrite(study, keep):
    table = _scores(study)
    table[keep(table)].to_csv(_path(study), index=False)


def test_every_protocol_over_its_counted_frames(own):
    _rewrite(own, lambda t: ~((t.video == "clip1") & (t.frame > "00004")))  # clips of unequal length
    table, _ = lens_tables(_lens(own))
    assert [row.name for row in table.rows] == list(PROTOCOLS)
    scores = _scores(own)
    for row in table.rows:
        frames = scores[(scores.protocol == row.name) & scores.counted]
        psnr, ssim, psnr_by_clip, ssim_by_clip, count, identical, summary = row.values
        clips = frames.groupby("video")
        assert psnr.mean == pytest.approx(frames.psnr_db.mean(), abs=1e-12)
        assert psnr_by_clip.mean == pytest.approx(clips.psnr_db.mean().mean(), abs=1e-12) != psnr.mean
        assert ssim.mean == pytest.approx(frames.ssim.mean(), abs=1e-12, nan_ok=True)
        assert ssim_by_clip.mean == pytest.approx(clips.ssim.mean().mean(), abs=1e-12, nan_ok=True)
        assert (count, identical, summary) == (len(frames), 0, protocols()[row.name].summary)
        assert psnr_by_clip.low <= psnr_by_clip.mean <= psnr_by_clip.high
    assert math.isnan(table.rows[-1].values[1].mean)  # a step has no SSIM


def test_every_step_and_what_it_adds(own):
    _rewrite(own, lambda t: ~((t.video == "clip1") & (t.frame > "00004")))
    scores = _scores(own)
    koehler = scores[scores.protocol == "koehler"]
    counted = koehler[koehler.counted]
    means = [scores[scores.protocol == name].psnr_db.mean() for name in _STEPS]
    means += [counted.psnr_db.mean(), counted.groupby("video").psnr_db.mean().mean()]
    steps = _lens(own).steps()
    assert [step.name for step in steps] == [*_STEPS, "koehler-counted", "koehler-by-clip"]
    assert [step.psnr.mean for step in steps] == pytest.approx(means, abs=1e-12)
    assert steps[0].gain is None
    assert [step.gain.mean for step in steps[1:]] == pytest.approx(np.diff(means).tolist(), abs=1e-9)
    for step in steps[1:]:
        assert step.gain.low <= step.gain.mean <= step.gain.high


def test_leaving_out_first_frames_has_the_interval_of_the_change_per_clip(fake):
    scores = _scores(fake).query("protocol == 'koehler'")
    parts = [clip[clip.counted].psnr_db.mean() - clip.psnr_db.mean() for _, clip in scores.groupby("video")]
    gain = _lens(fake).steps()[5].gain  # clips of about one length: nearly Student's t of what each clip gains
    low, high = stats.ttest_1samp(parts, 0.0).confidence_interval(0.95)
    assert gain.low < low + 0.1 * (high - low) and gain.high > high - 0.1 * (high - low)


def test_only_steps_that_were_scored_appear(own):
    _rewrite(own, lambda t: t.protocol.isin(["plain-rgb", "koehler", "eval-py"]))
    steps = _lens(own).steps()
    assert [step.name for step in steps] == ["plain-rgb", "koehler", "koehler-counted", "koehler-by-clip"]
    scores = _scores(own).set_index(["protocol", "video", "frame"]).psnr_db
    assert steps[1].gain.mean == pytest.approx((scores["koehler"] - scores["plain-rgb"]).mean(), abs=1e-12)
    _rewrite(own, lambda t: t.protocol == "eval-py")
    (table,) = lens_tables(_lens(own))
    assert [row.name for row in table.rows] == ["eval-py"]


def test_identical_frames_are_counted_under_each_protocol(own):
    table = _scores(own)
    table.loc[(table.frame <= "00001") & (table.protocol == "koehler"), "psnr_db"] = math.inf
    table.to_csv(_path(own), index=False)
    lens, steps = lens_tables(_lens(own))
    koehler = next(row for row in lens.rows if row.name == "koehler")
    assert (koehler.values[4], koehler.values[5], koehler.values[0].identical) == (21, 3, 3)
    assert steps.has_identical and np.isfinite([row.values[0].mean for row in steps.rows]).all()
    assert [row.values[1].identical for row in steps.rows[4:5]] == [6]


def test_bad_score_files_are_named(own):
    text = _path(own).read_text()
    _path(own).write_text(text.replace(",luma-y,", ",luma,"))
    with pytest.raises(
        DataError, match=r"bimc-pv\.csv: line \d+ \(clip0, 00000, luma\): no such protocol here; score the row again"
    ):
        _lens(own)
    _path(own).write_text(text)
    _rewrite(own, lambda t: ~((t.protocol == "luma-y") & (t.frame == "00002")))
    with pytest.raises(DataError, match=r"holds 24 frames under 'koehler' and 21 others under 'luma-y'"):
        _lens(own)
    _path(own).unlink()
    with pytest.raises(DataError, match=r"bimc-pv\.csv: there is no such table"):
        _lens(own)
