"""The fake study's figures, made once for tests that only read them; plots left out where none is looked at."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fake_study import RANKING, TABLE_PARAMS
from matplotlib.figure import Figure

from pvdbench.figures.build import build_figures


@pytest.fixture(scope="session")
def drawn(fake, tmp_path_factory):
    """The folder of the fake study's figures; not to be changed."""
    study = replace(fake, root=shutil.copytree(fake.root, tmp_path_factory.mktemp("drawn") / "study"))
    build_figures(study.root, study.root, datasets=[study.dataset], params=TABLE_PARAMS, ranking=RANKING)
    return study.root / "reports" / "figures"


@pytest.fixture(scope="session")
def pictures(drawn):
    """What is said of each of them, by its file."""
    return {picture["file"]: picture for picture in json.loads((drawn / "figures.json").read_text())}


@pytest.fixture
def without_plots(monkeypatch):
    """Empty files in place of SVG and PDF, for a test of frames alone: drawing them takes most of the time."""
    _leave_out(monkeypatch, ".svg", ".pdf")


@pytest.fixture
def without_pdf(monkeypatch):
    """Empty files in place of PDF, which says what the SVG does."""
    _leave_out(monkeypatch, ".pdf")


def _leave_out(monkeypatch, *endings):
    save = Figure.savefig

    def saved(self, file, *arguments, **options):
        if f".{options['format']}" not in endings:
            save(self, file, *arguments, **options)
        elif isinstance(file, Path):
            file.touch()

    monkeypatch.setattr(Figure, "savefig", saved)
