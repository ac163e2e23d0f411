"""The fake study, for every test of this folder: made once, copied for tests that change it."""

import shutil
from dataclasses import replace

import pytest
from chromium import launched, opened
from fake_report import build


@pytest.fixture(scope="session")
def built(fake):
    """The fake study with its tables, figures and report."""
    build(fake)
    return fake


@pytest.fixture
def ready(built, tmp_path):
    """A copy of it, for a test that changes it."""
    return replace(built, root=shutil.copytree(built.root, tmp_path / "ready"))


@pytest.fixture(scope="session")
def browser():
    """Chromium for all tests of this folder."""
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def report(built):
    """The folder that people read."""
    return built.root / "reports"


@pytest.fixture
def page(browser, report):
    """The report, opened from disk and held to be without trouble."""
    with opened(browser, report / "index.html") as page:
        yield page
