"""SHA-256 of files, by which weights, archives and inputs are known again."""

import hashlib
from pathlib import Path

from pvdbench.core.whole_file import open_file


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file, 64 hexadecimal digits, without reading it into memory at once."""
    with open_file(path) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
