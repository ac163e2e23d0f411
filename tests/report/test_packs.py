"""The page's numbers: what a plot shows is averaged in Python, and its scripts only look numbers up."""

import base64

import numpy as np
import pandas as pd
from conftest import ROOT

from pvdbench.io.tables import TRAINING_LOG, write_table
from pvdbench.report.packs import training_packs


def test_a_training_plot_shows_the_mean_over_a_twentieth_of_the_log(tmp_path):
    loss = np.random.default_rng(0).uniform(0.1, 1.0, 60)
    log = pd.DataFrame({"step": range(60), "loss": loss, "learning_rate": 1e-4, "validation_loss": np.nan})
    write_table(tmp_path / "data/training/deblur/row.csv", log, TRAINING_LOG)
    values = next(pack for pack in training_packs(tmp_path) if pack.of == ("deblur",)).value["row"]
    shown = np.frombuffer(base64.b64decode(values["loss"]), "<f8")
    assert np.allclose(shown, [loss[max(at - 2, 0) : at + 1].mean() for at in range(60)])


def test_no_script_of_the_page_adds_numbers_up():
    for script in (ROOT / "pvdbench" / "report" / "assets").glob("*.js"):
        assert "reduce(" not in script.read_text() and "Math.random" not in script.read_text(), script.name
