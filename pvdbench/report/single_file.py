"""The report as one HTML file under 10 MB, to be sent around: everything inline, fewer and smaller frames."""

import base64
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from pvdbench.figures.cost import COSTS, write_cost_pictures
from pvdbench.report.build import ASSETS, SCRIPTS, STYLES, Inlined, render, write_pictures
from pvdbench.report.index import study_index
from pvdbench.report.inputs import StudyInputs
from pvdbench.report.numbers import ENDPOINT
from pvdbench.report.outputs import COMMAND, check_outputs, write_page
from pvdbench.report.packs import Pack
from pvdbench.report.viewer import evenly_spread_order

LIMIT = 10_000_000
"""Bytes of the whole file."""

_FRAME_WIDTH, _FRAME_QUALITY = 320, 70
_FIGURE_WIDTH, _FIGURE_QUALITY = 1200, 75
_RESERVE = 200_000  # for what grows with the pictures' names


def build_single_file(inputs: StudyInputs, out: Path, *, overwrite: bool = False) -> None:
    """Write the report as one file.

    Raises:
        DataError, StudyError, WriteError: as build_report.
    """
    check_outputs(out, [inputs.reports / COSTS], overwrite=overwrite)
    write_cost_pictures(inputs.reports / COSTS, inputs.tables, COMMAND)
    page = inputs.page()
    with TemporaryDirectory() as folder:
        packs = [*write_pictures(inputs, Path(folder)), *_numbers(inputs)]
        index = study_index(inputs, packs)
        figures = {picture.path: _figure(inputs.reports / picture.path) for picture in inputs.pictures}
        style, scripts = _texts(STYLES), [(ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS[:-1]]
        numbers = "".join(pack.script() for pack in packs)
        bare = render(page, index, Inlined(style, (*scripts, numbers), figures))
        frames = Pack("images", (), dict(_fitting(Path(folder), LIMIT - len(bare.encode()) - _RESERVE)))
        scripts += [numbers + frames.script(), (ASSETS / SCRIPTS[-1]).read_text(encoding="utf-8")]
        write_page(out, render(page, index, Inlined(style, tuple(scripts), figures)))


def _numbers(inputs: StudyInputs) -> Iterator[Pack]:
    """All numbers of the study's own protocol and all that has none; of others as long as half of the file is free.

    Means of others go before their differences, and these before scores per frame, which two plots and the viewer show.
    """
    packs = list(inputs.packs())
    others = [pack for pack in packs if len(pack.of) == 3 and pack.of[-1] not in (inputs.params.protocol, ENDPOINT)]
    others.sort(key=lambda pack: ("means", "differences", "scores").index(pack.kind))
    room = LIMIT // 2
    for pack in (*(pack for pack in packs if pack not in others), *others):
        room -= len(pack.script())
        if room > 0 or pack not in others:
            yield pack


def _texts(names: Iterable[str]) -> str:
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def _figure(path: Path) -> str:
    """A figure as a data URI: drawings as they are, photographs smaller."""
    if path.suffix == ".svg":
        return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"
    return _picture(path, _FIGURE_WIDTH, _FIGURE_QUALITY)


def _fitting(folder: Path, room: int) -> Iterator[tuple[str, str]]:
    """As many frames as fit, spread evenly: the first of every clip and source, then between them, finer and finer."""
    for path in _spread(folder):
        picture = _picture(path, _FRAME_WIDTH, _FRAME_QUALITY)
        name = path.relative_to(folder).as_posix()
        room -= len(picture) + len(name) + 8
        if room < 0:
            return
        yield name, picture


def _spread(folder: Path) -> Iterator[Path]:
    frames: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.webp")):
        frames.setdefault(f"{path.parents[2].name}/{path.parent.name}/{path.name}", []).append(path)
    names = list(frames)
    for number in evenly_spread_order(len(names)):
        yield from frames[names[number]]


def _picture(path: Path, width: int, quality: int) -> str:
    """A picture as a data URI of WebP, at most so wide."""
    with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:  # no other program decodes one
        small = image.convert("RGB")
    if small.width > width:
        small = small.resize((width, round(small.height * width / small.width)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, format="WEBP", quality=quality, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
