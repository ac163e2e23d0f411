"""The fake study's tables, made once for tests that only read them."""

import shutil
from dataclasses import replace

import pytest
from fake_study import RANKING, TABLE_PARAMS

from pvdbench.tables.build import build_tables


@pytest.fixture(scope="session")
def tabled(fake, tmp_path_factory):
    """A copy of the fake study with its tables; not to be changed."""
    study = replace(fake, root=shutil.copytree(fake.root, tmp_path_factory.mktemp("tabled") / "study"))
    build_tables(study.root, study.root, datasets=[study.dataset], params=TABLE_PARAMS, ranking=RANKING)
    return study


@pytest.fixture(scope="session")
def tables(tabled):
    """The folder of those tables."""
    return tabled.root / "reports" / "tables"
