"""Check the free disk before a download or an extraction begins."""

import shutil
from pathlib import Path

from pvdbench.core.errors import WriteError


def refuse_full_disk(path: Path, needed: int) -> None:
    """Fail early where disk space does not suffice.

    Args:
        path: what will be written; its folder exists.
        needed: bytes.

    Raises:
        WriteError: with the space needed and free.
    """
    if (free := shutil.disk_usage(path.parent).free) < needed:
        raise WriteError(f"{path}: this needs {needed / 1e9:.3f} GB of disk, and {free / 1e9:.3f} GB are free; free "
                         "space or use another disk, then run again")  # fmt: skip
