"""What `pvdbench report` writes, known again by its content, so that nothing of anybody else's is replaced."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pvdbench.figures.cost import COSTS
from pvdbench.io.atomic import replaced_file
from pvdbench.io.owned import MARKER, changed_files, check_file, check_folder

COMMAND = "report"
FOLDERS = ("assets", "methods", COSTS)
"""What reports/ holds of it beside its pages; tables and figures are other stages' outputs."""
_SIGNATURE = "<!-- written by pvdbench report, sha256 "


def check_outputs(page: Path, folders: Iterable[Path] = (), *, overwrite: bool) -> None:
    """Refuse to replace what this command did not write, or what was changed since; to be asked before the work.

    Raises:
        DataError: naming the file.
    """
    for folder in folders:
        check_folder(folder, [], COMMAND, overwrite=overwrite)
    check_file(page, [], overwrite=overwrite, ours=_is_ours)


def changed_outputs(reports: Path) -> list[Path]:
    """List what is not as this command wrote it, or gone, in the report; nothing where none was made."""
    folders = [reports / name for name in FOLDERS if (reports / name / MARKER).is_file()]
    page = reports / "index.html"
    pages = [page] if page.is_file() and not _is_ours(page) else []
    return [*pages, *(folder / name for folder in folders for name in changed_files(folder, COMMAND))]


def write_page(page: Path, html: str) -> None:
    """Write a page that ends with the SHA-256 of what is before, by which it is known again.

    Raises:
        WriteError: if the disk is full.
    """
    text = html.rstrip() + "\n"
    with replaced_file(page) as partial:
        partial.write_text(f"{text}{_SIGNATURE}{_digest(text)} -->\n", encoding="utf-8")


def _is_ours(page: Path) -> bool:
    text, signature, digest = page.read_text(encoding="utf-8", errors="replace").rpartition(_SIGNATURE)
    return bool(signature) and digest == f"{_digest(text)} -->\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
