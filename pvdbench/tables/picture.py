"""What the report needs to know of a figure file: its size on the page, title, caption."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pvdbench.core.errors import DataError

_INDEX = "figures.json"


@dataclass(frozen=True)
class Picture:
    """A figure file in reports/figures; width and height in pixels of the page, alt for who cannot see it."""

    file: str
    dataset: str
    title: str
    caption: str
    alt: str
    width: int
    height: int


def write_pictures(folder: Path, pictures: list[Picture]) -> None:
    """Write the index of a folder of figures."""
    (folder / _INDEX).write_text(json.dumps([asdict(p) for p in pictures], indent=1, ensure_ascii=False) + "\n")


def read_pictures(folder: Path) -> list[Picture]:
    """Read what write_pictures wrote.

    Raises:
        DataError: if the index is missing or damaged.
    """
    path = folder / _INDEX
    try:
        return [Picture(**picture) for picture in json.loads(path.read_text())]
    except FileNotFoundError:
        raise DataError(f"{path}: expected the index of figures, found no file; run `dvc repro figures`") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: expected the index of figures, got '{error}'; run `dvc repro -f figures`") from error
