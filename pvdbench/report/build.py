"""The stage `report`: write everything that a study measured into a folder that opens from disk."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pvdbench.figures.cost import COSTS, write_cost_pictures
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.report.index import study_index, viewer_pack
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.packs import Pack
from pvdbench.report.render import ASSETS, render, render_method


def build_report(inputs: StudyInputs) -> None:
    """Write reports/index.html, reports/assets, reports/methods and reports/costs, beside the tables and figures shown.

    Raises:
        DataError: if tables, figures, a frame or a cost file are missing or damaged; it names the stage to run.
        StudyError: outside a Git repository.
        WriteError: if the disk is full.
    """
    write_cost_pictures(inputs.reports / COSTS, inputs.tables)
    page = inputs.page()
    with replaced_folder(inputs.reports / "assets") as assets:
        shutil.copytree(ASSETS, assets, dirs_exist_ok=True)
        packs = [*inputs.packs(), *write_pictures(inputs, assets / "images")]
        _write_packs(packs, assets)
        images = {path.relative_to(assets / "images").as_posix() for path in (assets / "images").rglob("*.webp")}
        _copy_scores(inputs, assets / "scores")
    with replaced_folder(inputs.reports / "methods") as folder:
        for method in page.methods:
            (folder / method.file).write_text(render_method(page, method, images))
    with replaced_file(inputs.reports / "index.html") as partial:
        partial.write_text(render(page, study_index(inputs, packs)))


def write_pictures(inputs: StudyInputs, folder: Path) -> list[Pack]:
    """Write the frames that the viewer shows below folder/DATASET; the packs say what is there.

    The data sets share tables.figures.viewer_megabytes; what methods' pages show has the first claim.
    """
    names = [measured.dataset for measured in inputs.tables]
    room = inputs.params.figures.viewer_megabytes * 1_000_000 // max(len(names), 1)
    return [
        viewer_pack(inputs, name, inputs.viewer_frames(name).write(folder / name, inputs.extreme_frames(name), room))
        for name in names
    ]


def _write_packs(packs: Iterable[Pack], assets: Path) -> None:
    (assets / "data").mkdir()
    for pack in packs:
        (assets / pack.file).write_text(pack.script())


def _copy_scores(inputs: StudyInputs, folder: Path) -> None:
    for name in inputs.score_files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(inputs.study / "data" / "scores" / name, folder / name)
