"""The report replaces its own files alone: what somebody put there, or changed, is refused without `--overwrite`."""

import shutil

import pytest
from fake_report import study_inputs

from pvdbench.core.errors import DataError
from pvdbench.report.build import build_report
from pvdbench.report.compare import build_comparison
from pvdbench.report.outputs import FOLDERS, check_outputs
from pvdbench.report.single_file import build_single_file


@pytest.fixture
def reports(ready):
    """A report that was made before."""
    return ready.root / "reports"


@pytest.mark.parametrize("place", ["assets/mine.txt", "assets/scores/mine.csv", "methods/notes.html", "costs/talk.pdf"])
def test_a_strangers_file_stays(reports, ready, place):
    (reports / place).write_text("mine")
    with pytest.raises(DataError, match=rf"'{place.partition('/')[2]}' in it was not written by pvdbench report"):
        build_report(study_inputs(ready))
    assert (reports / place).read_text() == "mine"


def test_a_page_with_notes_of_its_reader_stays_until_it_may_be_replaced(reports, ready):
    page = reports / "index.html"
    before = page.read_text()
    page.write_text(noted := before.replace("<h1>", "<h1>my notes: "))
    with pytest.raises(DataError, match=r"index\.html: this file was not written by pvdbench or was changed since"):
        build_report(study_inputs(ready))
    assert page.read_text() == noted
    (reports / "assets" / "mine.txt").write_text("mine")
    build_report(study_inputs(ready), overwrite=True)
    assert page.read_text() == before and not (reports / "assets" / "mine.txt").exists()


@pytest.mark.parametrize("folder", ["assets", "methods", "costs"])
def test_a_folder_that_was_there_before_the_first_report_stays(ready, folder):
    reports = ready.root / "reports"
    (reports / "index.html").unlink()
    for made in ("assets", "methods", "costs"):
        shutil.rmtree(reports / made)
    mine = reports / folder / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(DataError, match="move it, name another place, or replace it with --overwrite"):
        build_report(study_inputs(ready))
    assert mine.read_text() == "mine" and not (reports / "index.html").exists()


def test_the_other_pages_ask_as_well(reports, ready):
    scores = ready.root / "data" / "scores"
    for name, build in (
        ("report.html", lambda page, **how: build_single_file(study_inputs(ready), page, **how)),
        ("against.html", lambda page, **how: build_comparison(study_inputs(ready), str(scores), page, **how)),
    ):
        page = reports / name
        page.write_text("mine")
        with pytest.raises(DataError, match="not written by pvdbench"):
            build(page)
        assert page.read_text() == "mine"
        build(page, overwrite=True)
        check_outputs(page, overwrite=False)  # its own


def test_what_dvc_takes_away_before_the_stage_is_no_change(reports):
    for file in (reports / "assets" / "scores").rglob("*.csv"):
        file.unlink()
    check_outputs(reports / "index.html", [reports / name for name in FOLDERS], overwrite=False)
