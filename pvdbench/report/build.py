"""The stage `report`: tables, figures and provenance in, reports/index.html out."""

from collections.abc import Sequence
from pathlib import Path

from pvdbench.core.files import replaced_file
from pvdbench.report.page import Page, Section
from pvdbench.report.provenance import gather_provenance
from pvdbench.report.render import render
from pvdbench.tables.files import read_tables
from pvdbench.tables.picture import read_pictures


def build_report(study: Path, root: Path, *, train: str, datasets: Sequence[str]) -> None:
    """Write reports/index.html below the study's folder, beside the tables and figures that it shows.

    Args:
        study: the folder with the study's params.yaml, data and reports.
        root: the repository's top.
        train: the data set that the study trains on.
        datasets: the test data sets.

    Raises:
        DataError: if tables, figures or a cost file are missing or damaged; it names the stage to run.
        StudyError: outside a Git repository.
        WriteError: if the disk is full.
    """
    reports = study / "reports"
    measured = [read_tables(reports / "tables", dataset) for dataset in datasets]
    pictures = read_pictures(reports / "figures")
    sections = tuple(Section(m, tuple(p for p in pictures if p.dataset == m.dataset)) for m in measured)
    page = Page(
        title=f"PVDNet, measured on {' and '.join(datasets)}",
        sections=sections,
        training=tuple(picture for picture in pictures if not picture.dataset),
        provenance=gather_provenance(study, root, list(dict.fromkeys((train, *datasets)))),
    )
    with replaced_file(reports / "index.html") as partial:
        partial.write_text(render(page))
