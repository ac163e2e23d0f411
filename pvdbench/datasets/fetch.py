"""A published data set brought here: its archive downloaded or given, its frames extracted, and a note of both."""

import json
from pathlib import Path

from pvdbench.core.files import replaced_file
from pvdbench.datasets.catalogue import NOTE, Catalogue
from pvdbench.datasets.download import check, download, one_at_a_time
from pvdbench.datasets.extract import SUFFIXES, Extracted, extract


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
            note = {"archive": archive.file, "sha256": sha256, "frames": extracted.frames, "bytes": extracted.bytes}
            partial.write_text(json.dumps(note) + "\n")
        if delete_archive and given is None:
            path.unlink()
    return extracted


def _noted(out: Path, sha256: str | None) -> Extracted | None:
    """What a finished extraction of this archive noted, if its frames are all still there."""
    if not (out / NOTE).exists():
        return None
    note = json.loads((out / NOTE).read_text())
    frames = sum(path.suffix.lower() in SUFFIXES for path in out.rglob("*"))
    return Extracted(frames, note["bytes"], 0) if (note["sha256"], note["frames"]) == (sha256, frames) else None
