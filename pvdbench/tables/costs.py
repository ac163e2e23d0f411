"""What running a row cost: parameters and milliseconds, from data/cost."""

import json
from pathlib import Path
from typing import Any

from pvdbench.core.errors import DataError


def read_cost(path: Path) -> dict[str, Any]:
    """Read a stage's cost file.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError:
        raise DataError(f"{path}: expected what a stage cost, found no file; run the stage that makes it") from None
    except ValueError as error:
        raise DataError(f"{path}: expected JSON, got '{error}'; run the stage that makes it again") from error
    if not isinstance(facts, dict) or not {"stage", "seconds", "hardware"} <= facts.keys():
        raise DataError(
            f"{path}: expected the keys stage, seconds and hardware, got {str(facts)[:60]}; "
            "run the stage that makes it again"
        )
    return facts
