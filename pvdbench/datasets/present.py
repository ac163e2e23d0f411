"""The data sets that lie in data/: every folder with a manifest, published or one's own."""

from collections.abc import Iterator
from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import read_manifest
from pvdbench.datasets.subset import describe_subset


def present(data: Path) -> Iterator[tuple[str, str]]:
    """Describe each data set of a folder by its name: videos and frames of each split, or why it cannot be read."""
    for manifest in sorted(data.glob("*/manifest.csv")):
        try:
            yield manifest.parent.name, _described(manifest)
        except DataError as error:
            yield manifest.parent.name, str(error)


def _described(manifest: Path) -> str:
    table = read_manifest(manifest)
    parts = [
        f"{rows['video'].nunique()} videos, {len(rows)} frames to {split}" for split, rows in table.groupby("split")
    ]
    truth = "" if table["sharp"].notna().any() else ", without truth"
    return "; ".join((f"{', '.join(parts)}{truth}", *filter(None, [describe_subset(manifest.parent)])))
