"""Findings: differences, their verdicts and their sentences, on scores written down by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pvdbench.analysis.findings import Comparison

_PAPER = pd.DataFrame(
    {"psnr_db_all": [27.4, 31.46, 31.63], "psnr_db_blurriest10": [22.77, 27.28, 27.46]},
    index=["input", "BIMC", "BIMC+PV"],
)
_LABELS = {"input": "input", "bimc": "BIMC", "bimc-pv": "BIMC+PV", "new": "not in the paper"}


def _scores(values):
    index = pd.MultiIndex.from_tuples([(v, f"{t}") for v in "abcd" for t in range(2)])
    videos = [v for v, _ in index]
    return pd.DataFrame({"psnr_db": values, "video": videos, "all": True, "blurriest": [True, False] * 4}, index=index)


def _comparison(**rows):
    scores = {name.replace("_", "-"): _scores(values) for name, values in rows.items()}
    return Comparison("table2", _LABELS, scores, _PAPER)


def _findings(kind, **rows):
    return [finding for finding in _comparison(**rows).findings if finding.kind == kind]


_INPUT, _GAINS = np.full(8, 20.0), np.array([1.9, 2.0, 2.1, 2.2, 1.8, 1.9, 2.2, 2.3])


def test_order_compares_neighbours_of_the_papers_ranking():
    bimc = _INPUT + _GAINS
    rows = {"input": _INPUT, "bimc": bimc, "bimc_pv": bimc + np.repeat([1, -1, 0.5, -0.3], 2), "new": _INPUT - 20}
    first, second = _findings("order", **rows)
    assert (first.better, first.worse, first.paper_db) == ("BIMC+PV", "BIMC", 0.17)
    assert (first.measured_db, first.verdict, first.clips) == (pytest.approx(0.05), "unclear", 4)
    assert first.sentence.endswith("over 4 clips): the paper's order does not appear clearly: the interval holds zero.")
    assert (second.better, second.worse, second.verdict) == ("BIMC", "input", "appears")
    low, high = stats.ttest_1samp(_GAINS.reshape(4, 2).mean(1), 0).confidence_interval(0.95)
    assert second.low_db <= low and second.high_db >= high
    assert second.sentence == (
        "BIMC against input, over all frames: +4.06 dB in the paper, +2.05 dB here "
        f"(95 % interval {second.low_db:+.2f} to {second.high_db:+.2f} over 4 clips): the paper's order appears."
    )


def test_gains_of_the_full_model_over_its_input():
    gains = np.array([-2.0, 1, -2.1, 4, -1.9, 1, -2.0, 0])
    everywhere, blurriest = _findings("gain", input=_INPUT, bimc=_INPUT, bimc_pv=_INPUT + gains, new=_INPUT)
    assert (everywhere.frames, everywhere.measured_db, everywhere.verdict) == ("all", pytest.approx(-0.25), "unclear")
    assert (blurriest.frames, blurriest.measured_db, blurriest.verdict) == ("blurriest", pytest.approx(-2), "reversed")
    assert blurriest.paper_db == 4.69 and "the paper's order is reversed" in blurriest.sentence


def test_the_findings_of_a_table_are_one_family():
    # alone the gain of BIMC is just clear; four tests are made of the table, so it is not
    bimc = _INPUT + np.repeat([0.9, 2.0, 0.6, 1.3], 2)
    noise = np.repeat([3.0, -4.0, 5.0, -3.5], 2)
    *_, finding = _comparison(input=_INPUT, bimc=bimc, bimc_pv=_INPUT + noise, new=_INPUT).findings
    assert finding.low_db > 0 and finding.p_holm > 0.05 and finding.verdict == "unclear"
    assert "the interval leaves zero out, but not after Holm's correction for all findings" in finding.sentence


def test_one_clip_leaves_the_order_open_and_says_why():
    one = {name: table.iloc[:2] for name, table in _comparison(
        input=_INPUT, bimc=_INPUT + 1, bimc_pv=_INPUT + 2, new=_INPUT).scores.items()}  # fmt: skip
    for finding in Comparison("table2", _LABELS, one, _PAPER).findings:
        assert finding.verdict == "unclear" and math.isnan(finding.p_holm)
        assert "(no interval, 1 clip): the paper's order does not appear clearly, since one clip" in finding.sentence


def test_frames_identical_to_the_truth_are_left_out_and_said_to():
    bimc = [22, math.inf, 24, 21, 22, 22, 22, 22]
    *_, finding = _findings("order", input=_INPUT, bimc=bimc, bimc_pv=_INPUT - 19, new=_INPUT)
    assert (finding.better, finding.worse) == ("BIMC", "input")
    assert (finding.measured_db, finding.identical, finding.clips) == (pytest.approx(15 / 7), 1, 4)
    assert "over 4 clips; 1 frame left out that equals the truth)" in finding.sentence


def test_rows_that_are_identical_to_the_truth_everywhere_leave_the_order_open():
    *_, finding = _findings("order", input=_INPUT, bimc=[math.inf] * 8, bimc_pv=_INPUT - 19, new=_INPUT)
    assert math.isnan(finding.measured_db) and finding.identical == 8 and finding.verdict == "unclear"
    assert (
        "no difference of numbers here (no interval, 0 clips; 8 frames left out that equal the truth)"
        in finding.sentence
    )
