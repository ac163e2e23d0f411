"""Measured minus published in Tables 1 to 3: recomputed with plain pandas, and left out where it means nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_study import DEBLUR, PARAMS, RANKING, SIZES

from pvdbench.analysis.scores import read_scores
from pvdbench.study.table_params import TableParams
from pvdbench.tables.build import build_tables
from pvdbench.tables.inputs import Context
from pvdbench.tables.paper_differences import PaperDifferences

_COLUMNS = ["difference_db_all", "difference_db_sharpest", "difference_db_blurriest"]


def _table(folder, name):
    return pd.read_csv(folder / f"sample-{name}.csv").set_index("label")


def _built(study, **keys):
    params = TableParams.model_validate(PARAMS | keys)
    build_tables(study.root, study.root, datasets=[study.dataset], params=params, ranking=RANKING)
    return study.root / "reports" / "tables"


@pytest.mark.parametrize(
    "name, first, paper", [("table2", "input", "paper_psnr_db_all"), ("table3", "Small", "paper_psnr_db")]
)
def test_on_other_videos_the_gains_are_compared(tables, name, first, paper):
    table = _table(tables, name)
    for label in list(DEBLUR.values() if name == "table2" else SIZES.values())[1:]:
        here = table.psnr_db_all[label] - table.psnr_db_all[first]
        there = table[paper][label] - table[paper][first]
        assert table.difference_db_all[label] == pytest.approx(here - there, abs=1e-9)
        assert table.difference_db_all_low[label] < here - there < table.difference_db_all_high[label]
    assert np.isnan(table.difference_db_all[first])
    tex = (tables / f"sample-{name}.tex").read_text()
    assert f"What a row gains over {first} may be compared" in tex and r"{Gain minus paper's}" in tex


def test_under_another_protocol_or_share_nothing_is_compared(own):
    assert not [key for key in _table(_built(own, protocol="plain-rgb"), "table2") if key.startswith("difference")]
    assert [key for key in _table(_built(own, percent=20), "table2") if key in _COLUMNS] == _COLUMNS[:1]


def test_on_the_papers_videos_the_numbers_are_compared(own):
    scores = read_scores(own.root, "deblur", "sample", ["mc", "baseline"], protocol="koehler", percent=10)
    context = Context("su", "", "koehler", RANKING, 10, 3, 24, 48, 32)
    paper = pd.DataFrame({"paper_psnr_db_all": [20.0]}, index=["MC"])
    made = PaperDifferences(context, {"baseline": "none", "mc": "MC"}, scores, paper)
    (column,) = made.columns
    assert (column.source, column.group, column.heading, column.signed) == ("Minus paper", "PSNR (dB)", "All", True)
    assert made.of("mc")["difference_db_all"].mean == pytest.approx(scores["mc"]["psnr_db"].mean() - 20, abs=1e-9)
    assert np.isnan(made.of("baseline")["difference_db_all"]) and "measured minus published" in made.caption
    assert replace(made, paper=paper.drop("MC")).columns == ()
