"""Why a row has no frames: one line that inference leaves in their place and scoring passes on."""

import json
from pathlib import Path

from pvdbench.core.errors import DataError

_FILE = "failed.json"


def write_failure(folder: Path, reason: str) -> None:
    """Leave the reason in the row's folder."""
    (folder / _FILE).write_text(json.dumps({"reason": reason}) + "\n")


def read_failure(folder: Path) -> str:
    """The reason; empty where the row has its frames.

    Raises:
        DataError: if the file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return ""
    try:
        return str(json.loads(path.read_text())["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected JSON with a reason, got '{error}'; run the row again") from error
