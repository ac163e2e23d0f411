"""Intervals that hold the truth as often as they say, by a small simulation, and the table of the large one."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pvdbench.analysis.coverage import CLIPS, EFFECTS, STATISTICS, simulate
from pvdbench.cli.bench import intervals

_PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"
_TRIALS = 600
_OFF = 3 * 100 * (0.94 * 0.06 / _TRIALS) ** 0.5  # three standard deviations of a share of so many trials


@pytest.fixture(scope="module")
def counted():
    """Every line of the small table: (statistic, effects) to a share in percent per number of clips."""
    return {
        (line.statistic, line.effects): dict(zip(CLIPS, line.percent, strict=True))
        for line in simulate(_TRIALS, seed=1)
    }


def test_normal_and_skewed_clips_are_held_as_often_as_the_interval_says(counted):
    for (statistic, effects), shares in counted.items():
        for clips, share in shares.items():
            if not effects.startswith("very skewed"):
                assert share > 93 - _OFF, (statistic, effects, clips)
            if clips >= 3 and "mean of clips" not in statistic:
                assert share < 97 + _OFF, (statistic, effects, clips)


def test_very_skewed_clips_are_held_nearly_as_often(counted):
    very = [shares for (_, effects), shares in counted.items() if effects.startswith("very skewed")]
    assert min(min(shares.values()) for shares in very) > 91 - _OFF
    assert min(share for shares in very for clips, share in shares.items() if clips not in (3, 4)) > 92.8 - _OFF


def test_the_same_seed_prints_the_same_table_and_another_seed_another_one():
    first, again, other = (
        CliRunner().invoke(intervals, ["--trials", "20", "--seed", seed], catch_exceptions=False).output
        for seed in ("1", "1", "2")
    )
    assert first == again != other


def test_the_page_has_the_table_that_the_command_prints():
    lines = CliRunner().invoke(intervals, ["--trials", "20"], catch_exceptions=False).output.splitlines()
    page = _PAGE.read_text().splitlines()
    start = page.index(lines[0].replace(" 20 ", " 2000 "))
    there = page[start : start + len(lines)]
    form, wanted = (re.sub(r"\d+\.\d\b", "N", "\n".join(part[1:])) for part in (there, lines))
    assert form == wanted
    assert len(lines) == 4 + len(STATISTICS) * len(EFFECTS)
