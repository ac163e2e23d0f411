"""The suite's finished study, the shim and the warm commands, each made once; and the table at the end."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from faults import ledger, shim
from faults.world import Finished, make_finished
from filelock import FileLock

_PAGE = ROOT / "docs" / "reliability.md"
_WRITES = "PVDBENCH_FAULTS_WRITE_TABLE"
_FINISHED = "PVDBENCH_FAULTS_FINISHED"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("faults")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The finished study, one for all workers of a run; PVDBENCH_FAULTS_FINISHED names a folder that keeps it."""
    shared = tmp_path_factory.getbasetemp()
    folder = Path(os.environ.get(_FINISHED) or (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared))
    root = folder / "finished" / "pvdbench"
    with FileLock(folder / "finished.lock"):
        if not root.exists():
            made = make_finished(folder / "making" / "pvdbench")
            made.parent.rename(root.parent)
    return Finished.of(root)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return shim.build(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def place(tmp_path):
    """A folder for one scenario, which is removed after it: 50 MB each."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    noted = [value for report in reports if report.when == "call"
             for key, value in report.user_properties if key == "fault"]  # fmt: skip
    if not noted:
        return
    lines = ledger.table(noted)
    terminalreporter.write_sep("=", "faults")
    terminalreporter.write_line("\n".join(lines))
    if os.environ.get(_WRITES):
        ledger.write(_PAGE, lines)
