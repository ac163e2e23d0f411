"""What lies on disk by its MD5, as dvc.lock has it, read anew: a file of old size and time may hold other bytes."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.json_file import read_json
from pvdbench.core.whole_file import open_file

Listing = Mapping[str, str]
"""Path relative to a folder to the MD5 of the file."""


def file_md5(path: Path) -> str:
    """Compute the MD5 of a file, 32 hexadecimal digits."""
    with open_file(path) as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def listing(path: Path, md5: Callable[[Path], str] = file_md5) -> Listing:
    """List every file below a folder; a file is a listing of itself under an empty path.

    Args:
        md5: gives a file's hash; one that remembers saves time where folders lie in each other.
    """
    if path.is_file():
        return {"": md5(path)}
    return {file.relative_to(path).as_posix(): md5(file) for file in sorted(path.rglob("*")) if file.is_file()}


def listing_md5(files: Listing) -> str:
    """The hash that DVC gives to a file, or to a folder: that of its listing as JSON, and `.dir`."""
    if set(files) == {""}:
        return files[""]
    parts = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return hashlib.md5(json.dumps(parts, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


@dataclass(frozen=True)
class _File:
    relpath: str
    md5: str


class Cache:
    """DVC's cache: what files held when their stage made them, where it is still there and whole."""

    def __init__(self, folder: Path) -> None:
        """Take the cache's folder."""
        self._folder = folder / "files" / "md5"

    def file(self, md5: str) -> Path | None:
        """The file of this hash; None where the cache lacks it, or it was changed through a link."""
        path = self._folder / md5[:2] / md5[2:]
        return path if path.is_file() and file_md5(path) == md5.removesuffix(".dir") else None

    def listing(self, md5: str) -> Listing | None:
        """What a folder of this hash held, or a file; None where the cache lacks the folder's listing."""
        if not md5.endswith(".dir"):
            return {"": md5}
        path = self.file(md5)
        if path is None:
            return None
        remove = "remove it, and run `dvc repro`"
        return {part.relpath: part.md5 for part in read_json(path, list[_File], "no listing of DVC's", remove)}
