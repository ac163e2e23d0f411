"""Read data/sources.yaml and data/checksums.csv: where published data sets come from, and what is here of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import pandas as pd
from pydantic import Field, StringConstraints

from pvdbench.core.errors import ParamsError, choices, shorten
from pvdbench.core.params import StrictModel, read_params
from pvdbench.io.tables import read_table, write_table

CHECKSUMS = ("file", "size", "sha256")
"""The archives without a published hash, as they were downloaded first."""
NOTE = "archive.json"
"""The file that says that a data set's folder is complete, and from which archive."""
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
"""Of what becomes a path, and a word of data/dvc.yaml's commands."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Entry = TypeVar("Entry")
Names = Annotated[list[str], Field(min_length=1)]


class Archive(StrictModel):
    """A zip file that others publish."""

    file: FileName
    urls: Names  # mirrors, tried in order
    size: str  # as its publisher states it
    licence: str
    sha256: Sha256 | None  # None: data/checksums.csv


class Source(StrictModel):
    """A data set: which part of which archive."""

    what: str
    archive: str
    folders: Names  # a frame lies below one of these
    kinds: Names  # the folders of frames, blurry and sharp
    splits: FileName  # the table of videos and frames that verify expects, in the same folder


class Sources(StrictModel):
    """data/sources.yaml."""

    archives: dict[FileName, Archive]
    datasets: dict[FileName, Source]


@dataclass(frozen=True)
class Catalogue:
    """The folder data/ and its sources; every path of a download is made here."""

    data: Path
    sources: Sources

    def source(self, name: str) -> Source:
        """Look up what a data set consists of; ParamsError names the known ones."""
        return self._known(self.sources.datasets, name, "datasets")

    def archive(self, name: str) -> Archive:
        """Look up the archive that a data set is part of."""
        return self._known(self.sources.archives, self.source(name).archive, "archives")

    def archive_path(self, archive: Archive) -> Path:
        """Make the path where an archive lies once it is whole."""
        return self.data / "archives" / archive.file

    def expected_sha256(self, archive: Archive) -> str | None:
        """Look up the published hash, else the one of the first download, else None."""
        recorded = self._checksums().set_index("file")["sha256"]
        return archive.sha256 or (str(recorded[archive.file]) if archive.file in recorded.index else None)

    def record(self, archive: Archive, size: int, sha256: str) -> None:
        """Keep the size in bytes and the hash of an archive downloaded for the first time."""
        row = pd.DataFrame([(archive.file, size, sha256)], columns=list(CHECKSUMS))
        table = pd.concat([self._checksums(), row]).sort_values("file")
        write_table(self.data / "checksums.csv", table, CHECKSUMS)

    def _checksums(self) -> pd.DataFrame:
        path = self.data / "checksums.csv"
        return read_table(path, CHECKSUMS) if path.exists() else pd.DataFrame(columns=list(CHECKSUMS))

    def _known(self, entries: dict[str, Entry], name: str, key: str) -> Entry:
        if name not in entries:
            raise ParamsError(f"{self.data / 'sources.yaml'}: {key}: unknown name '{shorten(name, 60)}'; choose from "
                              f"{choices(entries)}")  # fmt: skip
        return entries[name]


def read_catalogue(data: Path) -> Catalogue:
    """Read the catalogue of a folder data/.

    Raises:
        ParamsError: if sources.yaml is missing or is not understood.
    """
    return Catalogue(data, read_params(data / "sources.yaml", Sources))


def state(catalogue: Catalogue, name: str) -> str:
    """Say what is here of a data set: all of it, a part, its archive alone, or nothing."""
    archive = catalogue.archive_path(catalogue.archive(name))
    folder, part = catalogue.data / name, archive.with_name(archive.name + ".partial") / "part"
    if (folder / NOTE).exists():
        return "here"
    if archive.exists():
        return "partly extracted" if folder.is_dir() and any(folder.iterdir()) else "archive here"
    return "partly downloaded" if part.exists() else "not here"
