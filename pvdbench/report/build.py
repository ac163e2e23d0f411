"""The stage `report`: a study as HTML that opens from disk, and asks for nothing outside its folder."""

import base64
import hashlib
import re
import shutil
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pvdbench.figures.cost import COSTS, write_cost_pictures
from pvdbench.io.owned import owned_folder
from pvdbench.report.index import study_index, viewer_pack
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.methods import Method
from pvdbench.report.outputs import COMMAND, FOLDERS, check_outputs, write_page
from pvdbench.report.packs import Pack, plain_json
from pvdbench.report.page import Page
from pvdbench.report.viewer import QUALITY
from pvdbench.tables.table import decimal, spans

ASSETS = Path(__file__).parent / "assets"
"""Styles and scripts, as they are copied into the report."""

STYLES = ("uplot/uPlot.min.css", "page.css", "viewer.css")
TOOLS = ("store.js", "markup.js", "tools.js")
"""The scripts that every page has: sorting, searching, copying."""

SCRIPTS = (
    "uplot/uPlot.iife.min.js", *TOOLS, "format.js", "scores.js", "table_numbers.js", "metric_table.js", "controls.js",
    "comparison_slider.js", "pictures.js", "thumbnails.js", "filmstrips.js", "viewer.js",
    "chart.js", "plots.js", "blur_plots.js", "frame_plots.js", "row_plots.js", "study_plots.js", "page.js",
)  # fmt: skip

_ENV = Environment(
    loader=PackageLoader("pvdbench.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Inlined:
    """What one HTML file carries in itself.

    Attributes:
        style, scripts: their text.
        pictures: data URIs by path from reports/.
    """

    style: str
    scripts: tuple[str, ...]
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def policy(self) -> str:
        """The Content-Security-Policy: these scripts and styles by their hashes, images from this file alone."""
        hashes = " ".join(f"'{_digest(script)}'" for script in self.scripts)
        return (
            f"default-src 'none'; img-src data:; script-src {hashes}; style-src '{_digest(self.style)}'; "
            "base-uri 'none'; form-action 'none'"
        )


# file: because not every browser takes a folder on disk for 'self'
_POLICY = (
    "default-src 'none'; img-src 'self' file:; script-src 'self' file:; style-src 'self' file:; base-uri 'none'; "
    "form-action 'none'"
)


def render(page: Page, index: Mapping[str, Any], inlined: Inlined | None = None) -> str:
    """The report as HTML.

    Args:
        index: what its scripts must know; values of JSON.
        inlined: for one file that needs no other.
    """
    return _render("index.html.j2", SCRIPTS, "", inlined, page=page, index=Markup(plain_json(index)))


def render_method(page: Page, method: Method, images: Container[str]) -> str:
    """One row's page in reports/methods; images are the viewer's pictures that there are, below assets/images."""
    return _render("method.html.j2", TOOLS, "../", None, page=page, method=method, images=images)


def render_comparison(other: str, protocol: str, rows: Sequence[Any]) -> str:
    """The page that compares two studies; rows are compare.RowChange."""
    return _render("compare.html.j2", TOOLS, "", None, other=other, protocol=protocol, rows=rows)


def _render(template: str, scripts: tuple[str, ...], top: str, inlined: Inlined | None, **what: Any) -> str:
    return _ENV.get_template(template).render(
        policy=inlined.policy if inlined else _POLICY,
        style=Markup(inlined.style) if inlined else "",
        inline_scripts=[Markup(script) for script in inlined.scripts] if inlined else [],
        pictures=inlined.pictures if inlined else {},
        single=inlined is not None,
        styles=STYLES,
        scripts=scripts,
        top=top,
        quality=QUALITY,
        **what,
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _label(text: str) -> Markup:
    """A label; what follows an underscore is a subscript, as in the paper."""
    return Markup(re.sub(r"_([A-Za-z0-9]+)", r"<sub>\1</sub>", str(escape(text))))


def _decibels(value: float) -> str:
    """A signed difference; an en dash where it is unknown."""
    return decimal(value, 2, signed=True)


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _path(text: str) -> str:
    """A relative path as a link; Jinja's own urlencode leaves what a browser would read as a query."""
    return quote(text)


_ENV.filters |= {"label": _label, "decibels": _decibels, "decimal": decimal, "duration": _duration, "path": _path,
                 "spans": spans}  # fmt: skip


def build_report(inputs: StudyInputs, *, overwrite: bool = False) -> None:
    """Write reports/index.html, reports/assets, reports/methods and reports/costs, beside the tables and figures shown.

    Args:
        overwrite: replaces what it did not write itself, or what was changed since.

    Raises:
        DataError: if tables, figures, a frame or a cost file are missing or damaged; it names the stage to run. Also
            without overwrite, if what is to be replaced is not its own.
        StudyError: outside a Git repository.
        WriteError: if the disk is full.
    """
    folders = [inputs.reports / name for name in FOLDERS]
    check_outputs(inputs.reports / "index.html", folders, overwrite=overwrite)
    write_cost_pictures(inputs.reports / COSTS, inputs.tables, COMMAND)
    page = inputs.page()
    with owned_folder(inputs.reports / "assets", COMMAND) as assets:
        shutil.copytree(ASSETS, assets, dirs_exist_ok=True)
        packs = [*inputs.packs(), *write_pictures(inputs, assets / "images")]
        _write_packs(packs, assets)
        images = {path.relative_to(assets / "images").as_posix() for path in (assets / "images").rglob("*.webp")}
        _copy_scores(inputs, assets / "scores")
    with owned_folder(inputs.reports / "methods", COMMAND) as folder:
        for method in page.methods:
            (folder / method.file).write_text(render_method(page, method, images), encoding="utf-8")
    write_page(inputs.reports / "index.html", render(page, study_index(inputs, packs)))


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
        (assets / pack.file).write_text(pack.script(), encoding="utf-8")


def _copy_scores(inputs: StudyInputs, folder: Path) -> None:
    for name in inputs.score_files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(inputs.study / "data" / "scores" / name, folder / name)
