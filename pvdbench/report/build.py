"""The stage `report`: everything that a study measured in, a folder that opens from disk out."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pvdbench.figures.cost import COSTS, write_cost_pictures
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.report.index import look_pack, pack_file, study_index
from pvdbench.report.inputs import Material
from pvdbench.report.numbers import Pack
from pvdbench.report.render import ASSETS, render, render_method


def build_report(material: Material) -> None:
    """Write reports/index.html, reports/assets, reports/methods and reports/costs, beside the tables and figures shown.

    Raises:
        DataError: if tables, figures, a frame or a cost file are missing or damaged; it names the stage to run.
        StudyError: outside a Git repository.
        WriteError: if the disk is full.
    """
    write_cost_pictures(material.reports / COSTS, material.tables)
    page = material.page()
    with replaced_folder(material.reports / "assets") as assets:
        shutil.copytree(ASSETS, assets, dirs_exist_ok=True)
        packs = [*material.packs(), *write_pictures(material, assets / "images")]
        _write_packs(packs, assets)
        images = {path.relative_to(assets / "images").as_posix() for path in (assets / "images").rglob("*.webp")}
        _copy_scores(material, assets / "scores")
    with replaced_folder(material.reports / "methods") as folder:
        for method in page.methods:
            (folder / method.file).write_text(render_method(page, method, images))
    with replaced_file(material.reports / "index.html") as partial:
        partial.write_text(render(page, study_index(material, packs)))


def write_pictures(material: Material, folder: Path) -> list[Pack]:
    """Write the frames that the viewer shows below folder/DATASET; the packs say what is there.

    The data sets share tables.figures.viewer_megabytes; what methods' pages show has the first claim.
    """
    names = [measured.dataset for measured in material.tables]
    room = material.params.figures.viewer_megabytes * 1_000_000 // max(len(names), 1)
    return [
        look_pack(material, name, material.gallery(name).write(folder / name, material.telling(name), room))
        for name in names
    ]


def _write_packs(packs: Iterable[Pack], assets: Path) -> None:
    (assets / "data").mkdir()
    for pack in packs:
        (assets / pack_file(pack.key)).write_text(pack.script())


def _copy_scores(material: Material, folder: Path) -> None:
    for name in material.score_files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(material.study / "data" / "scores" / name, folder / name)
