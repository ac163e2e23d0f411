"""Why a row has no frames: the file that inference leaves in place of frames, and that scores and tables read."""

import json
from pathlib import Path

from pvdbench.core.errors import DataError

_FILE = "failed.json"


def write_failure(folder: Path, reason: str) -> None:
    """Write the reason into the row's folder."""
    (folder / _FILE).write_text(json.dumps({"reason": reason}) + "\n")


def read_failure(folder: Path) -> str:
    """Read the reason from a row's folder; empty where the row has its frames.

    Raises:
        DataError: if the file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return ""
    try:
        return str(json.loads(path.read_text())["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not JSON with a reason ({error}); run the row again") from error
