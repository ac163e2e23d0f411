"""Findings: differences, their verdicts and their sentences, on scores written down by hand."""

import math

import pandas as pd
import pytest

from pvdbench.analysis.findings import Comparison

_PAPER = pd.DataFrame(
    {"psnr_db_all": [27.4, 31.46, 31.63], "psnr_db_blurriest10": [22.77, 27.28, 27.46]},
    index=["input", "BIMC", "BIMC+PV"],
)
_LABELS = {"input": "input", "bimc": "BIMC", "bimc-pv": "BIMC+PV", "new": "not in the paper"}


def _scores(values):
    index = pd.MultiIndex.from_tuples([(v, f"{t}") for v in "ab" for t in range(2)])
    videos = [v for v, _ in index]
    blurriest = [True, False, True, False]
    return pd.DataFrame({"psnr_db": values, "video": videos, "all": True, "blurriest": blurriest}, index=index)


def _comparison(**rows):
    scores = {name.replace("_", "-"): _scores(values) for name, values in rows.items()}
    return Comparison("table2", _LABELS, scores, _PAPER)


def test_order_compares_neighbours_of_the_papers_ranking():
    comparison = _comparison(input=[20, 20, 20, 20], bimc=[22, 21, 24, 21], bimc_pv=[21, 22, 25, 21], new=[0, 0, 0, 0])
    first, second = comparison.order()
    assert (first.better, first.worse, first.paper_db) == ("BIMC+PV", "BIMC", 0.17)
    assert (first.measured_db, first.low_db, first.high_db) == (0.25, 0.0, 0.5)
    assert first.verdict == "unclear"
    assert (second.better, second.worse, second.verdict) == ("BIMC", "input", "appears")
    assert second.sentence == (
        "BIMC against input, over all frames: +4.06 dB in the paper, +2.00 dB here "
        "(95 % interval +1.50 to +2.50 over 2 clips): the paper's order appears."
    )


def test_gains_of_the_full_model_over_its_input():
    comparison = _comparison(input=[20, 20, 20, 20], bimc=[1, 1, 1, 1], bimc_pv=[19, 22, 17, 20], new=[0, 0, 0, 0])
    everywhere, blurriest = comparison.gains()
    assert (everywhere.frames, everywhere.measured_db, everywhere.verdict) == ("all", pytest.approx(-0.5), "unclear")
    assert (blurriest.frames, blurriest.measured_db, blurriest.verdict) == ("blurriest", pytest.approx(-2), "reversed")
    assert blurriest.paper_db == 4.69 and "the paper's order is reversed" in blurriest.sentence


def test_frames_identical_to_the_truth_are_left_out_and_said_to():
    comparison = _comparison(
        input=[20, 20, 20, 20], bimc=[22, math.inf, 24, 21], bimc_pv=[1, 1, 1, 1], new=[0, 0, 0, 0]
    )
    finding = comparison.finding("order", "BIMC", "input", "all")
    assert (finding.measured_db, finding.identical, finding.clips) == (pytest.approx(7 / 3), 1, 2)
    assert "over 2 clips; 1 frame left out that equals the truth)" in finding.sentence


def test_rows_that_are_identical_to_the_truth_everywhere_leave_the_order_open():
    comparison = _comparison(input=[20] * 4, bimc=[math.inf] * 4, bimc_pv=[1] * 4, new=[0] * 4)
    finding = comparison.finding("order", "BIMC", "input", "all")
    assert math.isnan(finding.measured_db) and finding.identical == 4 and finding.verdict == "unclear"
    assert (
        "no difference of numbers here (no interval, 0 clips; 4 frames left out that equal the truth)"
        in finding.sentence
    )
