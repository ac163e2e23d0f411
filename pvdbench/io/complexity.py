"""What a row computes, the same on every machine: parameters, multiply-adds, frame size (Table 3, Sec. 4.5)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.io.atomic import replaced_file


@dataclass(frozen=True)
class Complexity:
    """One row over one data set; a row whose method failed has neither parameters nor a frame size.

    Attributes:
        parameters: by part (`deblur`, `motion`); empty for a method without learned parameters.
        multiply_adds_720p: per frame of 1280x720; None where PyTorch cannot count them.
        width, height: of the frames, in pixels.
    """

    parameters: Mapping[str, int]
    multiply_adds_720p: float | None = None
    width: int = 0
    height: int = 0


def write_complexity(path: Path, complexity: Complexity) -> None:
    """Write a JSON file; equal values give equal bytes."""
    with replaced_file(path) as partial:
        partial.write_text(json.dumps(asdict(complexity), indent=1, sort_keys=True) + "\n")


def read_complexity(path: Path) -> Complexity:
    """Read what write_complexity wrote.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        return Complexity(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise DataError(f"{path}: file not found; run the stage of dvc.yaml that writes it") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: damaged ({error}); run the stage of dvc.yaml that writes it again") from error
