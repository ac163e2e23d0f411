"""Fetch published archives: download them from their mirrors, check their hash and extract them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import is_zipfile

import pooch
from filelock import FileLock

from pvdbench.core.errors import DataError, WriteError, shorten
from pvdbench.core.json_file import parse_json
from pvdbench.core.whole_file import read_bytes
from pvdbench.datasets.catalogue import NOTE, Archive, Catalogue
from pvdbench.datasets.download.extract import Extracted, extract
from pvdbench.datasets.download.http import ResumingDownloader, RetryPolicy, refuse_page
from pvdbench.io.atomic import replaced_file
from pvdbench.io.checksum import file_sha256
from pvdbench.io.frame_folders import is_frame

RETRIES = RetryPolicy()


@dataclass(frozen=True)
class _Note:
    """What a finished extraction notes."""

    sha256: str
    frames: int
    bytes: int
    archive: str = ""


@contextmanager
def one_at_a_time(catalogue: Catalogue, archive: Archive) -> Iterator[None]:
    """Lock an archive, so that two data sets of it that are fetched side by side download it once."""
    path = catalogue.archive_path(archive)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        yield


def download(catalogue: Catalogue, archive: Archive, retries: RetryPolicy = RETRIES) -> str:
    """Bring an archive to data/archives; what is there already is kept, what was begun goes on.

    Returns: its SHA-256.

    Raises:
        DataError: if no mirror gives it, or its hash is not the known one.
        WriteError: if the disk is too small.
    """
    path = catalogue.archive_path(archive)
    if path.exists():
        return check(catalogue, archive, path)
    known = catalogue.expected_sha256(archive)
    folder = path.with_name(path.name + ".partial")
    folder.mkdir(parents=True, exist_ok=True)
    transfer = ResumingDownloader(archive.urls, folder, hash_known=known is not None, retries=retries)
    pooch.get_logger().setLevel("WARNING")  # it would tell users to put the hash into code
    try:
        pooch.retrieve(archive.urls[0], None, fname="whole", path=folder, downloader=transfer)
        sha256 = check(catalogue, archive, folder / "whole")
    except DataError:
        (folder / "whole").unlink(missing_ok=True)
        raise
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or shorten(error)}; what came is kept; "
                         "free space or fix the permissions, then run again") from error  # fmt: skip
    (folder / "whole").rename(path)
    shutil.rmtree(folder)
    return sha256


def check(catalogue: Catalogue, archive: Archive, path: Path) -> str:
    """Compute the SHA-256 of a file that should be this archive, and record it where none is known yet.

    Raises:
        DataError: if it is a web page or no zip file, or has another hash than the published or recorded one.
    """
    if not path.is_file():
        raise DataError(f"{path}: this archive is no file; name one")
    with path.open("rb") as file:
        refuse_page(str(path), file.read(1 << 16))
    if not is_zipfile(path):
        raise DataError(f"{path}: its {path.stat().st_size} bytes are no zip archive, or not a whole one; delete it "
                        "and fetch it again")  # fmt: skip
    sha256, known = file_sha256(path), catalogue.expected_sha256(archive)
    if known is None:
        catalogue.record(archive, path.stat().st_size, sha256)
    elif sha256 != known:
        where = "its publisher's" if archive.sha256 else f"{catalogue.data.name}/checksums.csv's"
        raise DataError(f"{path}: its SHA-256 is {sha256[:12]}..., not {known[:12]}... ({where}); it is damaged or "
                        "another archive: delete it and fetch it from another mirror")  # fmt: skip
    return sha256


def fetch(catalogue: Catalogue, name: str, given: Path | None = None, *, delete_archive: bool = False) -> Extracted:
    """Bring a data set into data/NAME; whatever is there of it is kept.

    Args:
        catalogue: the folder data/ and where its sets come from.
        name: a data set of data/sources.yaml.
        given: an archive that the user has; it is read where it lies. None: data/archives, downloaded if need be.
        delete_archive: remove the downloaded archive once its frames are out.

    Raises:
        ParamsError: if no data set has this name.
        DataError: if the archive cannot be brought here, is not the known one, or is not to be trusted.
        WriteError: if the disk is too small.
    """
    source, archive, out = catalogue.source(name), catalogue.archive(name), catalogue.data / name
    with one_at_a_time(catalogue, archive):
        if (there := _noted(out, catalogue.expected_sha256(archive))) is not None:
            return there
        sha256 = check(catalogue, archive, given) if given else download(catalogue, archive)
        path = given or catalogue.archive_path(archive)
        (out / NOTE).unlink(missing_ok=True)
        extracted = extract(path, source, out)
        with replaced_file(out / NOTE) as partial:
            note = _Note(archive=archive.file, sha256=sha256, frames=extracted.frames, bytes=extracted.bytes)
            partial.write_text(json.dumps(asdict(note)) + "\n", encoding="utf-8")
        if delete_archive and given is None:
            path.unlink()
    return extracted


def _noted(out: Path, sha256: str | None) -> Extracted | None:
    """Read what a finished extraction of this archive noted, if its frames are all still there.

    A damaged note is none: the extraction is made again, and what is there already stays.
    """
    try:
        note = parse_json(read_bytes(out / NOTE), _Note)
    except (OSError, ValueError):
        return None
    frames = sum(map(is_frame, out.rglob("*")))
    return Extracted(frames, note.bytes, 0) if (note.sha256, note.frames) == (sha256, frames) else None
