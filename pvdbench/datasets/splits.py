"""Which videos and frames the published data sets of Sec. 4.1 consist of: data/splits.csv."""

from dataclasses import dataclass
from pathlib import Path

from pvdbench.core.errors import DataError, choices
from pvdbench.io.tables import SPLITS, read_table


@dataclass(frozen=True)
class VideoSplit:
    """One video, its split and the names of its frames in order."""

    video: str
    split: str
    frames: tuple[str, ...]


def read_splits(path: Path, dataset: str) -> dict[str, VideoSplit]:
    """Read the videos of one data set, by name.

    Args:
        dataset: "su", "nah" or "real", as the table names it.

    Raises:
        DataError: if the table is missing or damaged, contradicts itself or does not hold the data set.
    """
    table = read_table(path, SPLITS)
    rows = table[table["dataset"] == dataset]
    if rows.empty:
        known = choices(sorted(table["dataset"].unique()))
        raise DataError(f"{path}: it lists no video of '{dataset}', but of {known}; name another file by --splits")
    return {str(row.video): _video(path, row) for row in rows.itertuples()}


def _video(path: Path, row: object) -> VideoSplit:
    first, last, count = row.first_frame, row.last_frame, row.frames  # type: ignore[attr-defined]
    names = tuple(f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1))
    if len(names) != count or not row.consecutive:  # type: ignore[attr-defined]
        raise DataError(f"{path}: {row.video}: {first} to {last} are not {count} consecutive "  # type: ignore[attr-defined]
                        "frames; correct the row")  # fmt: skip
    return VideoSplit(str(row.video), str(row.split), names)  # type: ignore[attr-defined]
