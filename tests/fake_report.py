"""The report of a fake study: tables, figures and report, as the stages make them."""

from fake_study import RANKING, TABLE_PARAMS

from pvdbench.figures.build import build_figures
from pvdbench.report.build import build_report
from pvdbench.report.inputs import StudyInputs
from pvdbench.tables.build import build_tables


def study_inputs(fake, *, study=None, params=TABLE_PARAMS) -> StudyInputs:
    """What a fake study's report is made from."""
    return StudyInputs(study or fake.root, fake.root, fake.dataset, [fake.dataset], params, RANKING)


def build(fake, *, params=TABLE_PARAMS) -> None:
    """Make its tables, figures and report."""
    where = {"study": fake.root, "root": fake.root, "datasets": [fake.dataset]}
    build_tables(**where, params=params, ranking=RANKING)
    build_figures(**where, params=params, ranking=RANKING)
    build_report(study_inputs(fake, params=params))
